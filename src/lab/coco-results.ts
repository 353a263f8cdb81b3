// The report of a COCO results file ([{ image_id, category_id, bbox, score }, ...]), as MMDetection's `outfile_prefix` and others
// write it: evaluation, errors and curves without the model.

import { readFile } from 'node:fs/promises';
import { DetLabError } from '../errors';
import { type EvaluatedImage, readCocoFile } from '../evaluation';
import { type Segmentation, segmentationToRle } from '../masks';
import { catalogue } from './catalogue';
import type { LabDataset } from './lab-dataset';
import { Report } from './report';

interface Entry {
  image_id: number;
  category_id: number;
  bbox: [number, number, number, number];
  score: number;
  segmentation?: Segmentation;
}

/**
 * @param annotations the COCO file of the evaluated images: its categories say which class an entry is of
 * @throws DetLabError for a file that holds no such list, and for images and categories that the data does not have
 */
export async function reportOfCocoResults(file: string, data: LabDataset, annotations: string): Promise<Report> {
  const started = performance.now();
  const dataset = data.evaluated;
  const entries = await readEntries(file);
  const { categories } = await readCocoFile(annotations);
  const labels = new Map(categories.map(({ id, name }) => [id, dataset.classes.indexOf(name)]));
  const byImage = new Map<number, Entry[]>(dataset.records.map(({ id }) => [id, []]));
  for (const entry of entries) {
    if (!labels.has(entry.category_id))
      throw new DetLabError(
        `Cannot evaluate "${file}": category_id ${entry.category_id} is none of ${[...labels.keys()].join(', ')}, ` +
          `those of "${annotations}"`,
      );
    const image = byImage.get(entry.image_id);
    if (!image)
      throw new DetLabError(
        `Cannot evaluate "${file}": the data has no image with the id ${entry.image_id}. ` +
          'Are these the results on other images, or on another split?',
      );
    if (labels.get(entry.category_id)! >= 0) image.push(entry);
  }
  const hasMasks = entries.length > 0 && entries.every(({ segmentation }) => segmentation !== undefined);
  const metric = { type: 'CocoMetric', metric: hasMasks ? ['bbox', 'segm'] : ['bbox'] };
  const measured = await catalogue.build('metric', metric, { path: 'metric' })(dataset);
  const images = dataset.records.map((record): EvaluatedImage => {
    const found = byImage.get(record.id)!;
    const detections = {
      bboxes: Float32Array.from(found.flatMap(({ bbox: [x, y, w, h] }) => [x, y, x + w, y + h])),
      scores: Float32Array.from(found, ({ score }) => score),
      labels: Int32Array.from(found, ({ category_id }) => labels.get(category_id)!),
      ...(hasMasks && {
        masks: found.map(({ segmentation }) => segmentationToRle(segmentation!, record.height, record.width)),
      }),
    };
    measured.add(record.id, detections);
    return { imageId: record.id, record, detections };
  });
  const numbers = measured.compute();
  const problems = [...dataset.problems, ...numbers.problems];
  const results = { dataset, images, metric };
  return new Report({ ...numbers, problems }, dataset.name, (performance.now() - started) / 1000, { results });
}

async function readEntries(file: string): Promise<Entry[]> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new DetLabError(`Cannot read the results "${file}": ${(error as Error).message}`);
  }
  const list: unknown[] | undefined = Array.isArray(content) ? content : undefined;
  const bad = list?.find((entry) => !isEntry(entry));
  if (!list || bad !== undefined)
    throw new DetLabError(
      `Cannot read the results "${file}": expected a list of { image_id, category_id, bbox: [x, y, width, height], score }, ` +
        `received ${JSON.stringify(bad ?? content).slice(0, 200)}`,
    );
  return list as Entry[];
}

function isEntry(value: unknown): value is Entry {
  const { image_id, category_id, bbox, score } = (value ?? {}) as Record<string, unknown>;
  const areNumbers = [image_id, category_id, score].every((v) => typeof v === 'number');
  return areNumbers && Array.isArray(bbox) && bbox.length === 4 && bbox.every((v) => typeof v === 'number');
}
