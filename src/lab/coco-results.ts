// The report of a COCO results file ([{ image_id, category_id, bbox, score }, ...]) of any program: evaluation, errors and curves
// without the model.

import path from 'node:path';
import type { DataProblem, Dataset, ImageRecord } from '../data';
import { DetLabError } from '../errors';
import { addAll, type CocoDetection, detectionsOfCoco, type EvaluatedImage, readCocoDetections } from '../evaluation';
import { catalogue } from './catalogue';
import { endsWithFile } from './file-end';
import { Report } from './report';

/** An entry whose image is also named, as YOLO programs and `predictions.save` write it. */
type NamedDetection = CocoDetection & { file_name?: unknown };

/**
 * Images are found by `file_name` where the entries have one, else by their id, which may be a file name too; categories by the
 * ids of the annotation file, in data without ids by their position from 1.
 *
 * @throws DetLabError for a file that holds no such list, and for images and categories that the data does not have
 */
export async function reportOfCocoResults(file: string, dataset: Dataset): Promise<Report> {
  const started = performance.now();
  const entries = withRecordIds(await readCocoDetections(file), dataset, file);
  const { categories = dataset.classes.map((_, label) => ({ id: label + 1, label })) } = dataset;
  const labels = new Map(categories.map(({ id, label }) => [id, label]));
  const found = detectionsOfCoco(entries, { labels, images: dataset.records, file });
  const hasMasks = [...found.values()].some(({ masks }) => masks);
  const metric = { type: 'CocoMetric', metric: hasMasks ? ['bbox', 'segm'] : ['bbox'] };
  const measured = await catalogue.build('metric', metric, { path: 'metric' })(dataset);
  const images = dataset.records.map((record): EvaluatedImage => {
    const { bboxes, scores, ...rest } = found.get(record.id)!;
    const detections = { bboxes: Float32Array.from(bboxes), scores: Float32Array.from(scores), ...rest };
    return { imageId: record.id, record, detections };
  });
  await addAll(
    measured,
    images.map(({ imageId, detections }) => [imageId, detections] as const),
  );
  const numbers = measured.compute();
  const problems = [...dataset.problems, ...numbers.problems, ...lostMasks(entries, file)];
  const results = { dataset, images, metric };
  return new Report({ ...numbers, problems }, dataset.name, (performance.now() - started) / 1000, { results });
}

/** Entries with the ids of the data's images in place of names. */
function withRecordIds(entries: readonly NamedDetection[], dataset: Dataset, file: string): CocoDetection[] {
  const isNamed = entries.some(
    ({ image_id, file_name }) => typeof image_id === 'string' || typeof file_name === 'string',
  );
  if (!isNamed) return entries as CocoDetection[];
  const find = recordFinder(dataset.records, file);
  return entries.map((entry) => {
    const { image_id, file_name } = entry;
    const byName = typeof file_name === 'string' ? find(file_name) : undefined;
    const id = byName ?? (typeof image_id === 'string' ? find(image_id) : undefined);
    if (id === undefined && typeof image_id === 'string')
      throw new DetLabError(
        `Cannot evaluate "${file}": the data has no image called "${image_id}". Are these the results on other images, or on ` +
          'another split?',
      );
    return id === undefined ? entry : { ...entry, image_id: id };
  });
}

/** The id of the image that a path, a file name or a name without extension means; undefined: none. */
function recordFinder(records: readonly ImageRecord[], file: string): (name: string) => number | undefined {
  const byEnd = new Map<string, ImageRecord[]>();
  const add = (end: string, record: ImageRecord) => {
    const known = byEnd.get(end);
    if (!known) byEnd.set(end, [record]);
    else if (known.at(-1) !== record) known.push(record);
  };
  for (const record of records) {
    const base = path.basename(record.path);
    add(base, record);
    add(path.parse(base).name, record);
  }
  const known = new Map<string, number | undefined>();
  return (name) => {
    if (known.has(name)) return known.get(name);
    const base = name.split(/[\\/]/).at(-1) ?? '';
    const candidates = byEnd.get(base) ?? byEnd.get(path.parse(base).name) ?? [];
    const whole = candidates.filter((record) => endsWithFile(record.path, name));
    const [first, second] = whole.length > 0 ? whole : candidates;
    if (second)
      throw new DetLabError(
        `Cannot evaluate "${file}": "${name}" may be "${first.path}" or "${second.path}". Give image_id, or more of the path in file_name`,
      );
    known.set(name, first?.id);
    return first?.id;
  };
}

function lostMasks(entries: readonly CocoDetection[], file: string): DataProblem[] {
  const without = entries.filter(({ segmentation }) => segmentation == null).length;
  if (without === 0 || without === entries.length) return [];
  const message = `"${file}": ${without} of ${entries.length} entries have no segmentation, so that only boxes are evaluated`;
  return [{ kind: 'bad-outline', file, message, lost: 'nothing' }];
}
