// The report of a COCO results file ([{ image_id, category_id, bbox, score }, ...]), as MMDetection's `outfile_prefix` and others
// write it: evaluation, errors and curves without the model.

import { readJson } from '../data/loading/json-file';
import { detectionsOfCoco, type EvaluatedImage, readCocoDetections } from '../evaluation';
import { catalogue } from './catalogue';
import type { LabDataset } from './lab-dataset';
import { Report } from './report';

/**
 * @param annotations the COCO file of the evaluated images: its categories say which class an entry is of
 * @throws DetLabError for a file that holds no such list, and for images and categories that the data does not have
 */
export async function reportOfCocoResults(file: string, data: LabDataset, annotations: string): Promise<Report> {
  const started = performance.now();
  const dataset = data.evaluated;
  const entries = await readCocoDetections(file);
  // what `data` was read from: known to have them
  const { categories } = (await readJson(annotations)).json as { categories: { id: number; name: unknown }[] };
  const labels = new Map(categories.map(({ id, name }) => [id, dataset.classes.indexOf(String(name))]));
  const found = detectionsOfCoco(entries, { labels, images: dataset.records, file });
  const hasMasks = [...found.values()].some(({ masks }) => masks);
  const metric = { type: 'CocoMetric', metric: hasMasks ? ['bbox', 'segm'] : ['bbox'] };
  const measured = await catalogue.build('metric', metric, { path: 'metric' })(dataset);
  const images = dataset.records.map((record): EvaluatedImage => {
    const { bboxes, scores, ...rest } = found.get(record.id)!;
    const detections = { bboxes: Float32Array.from(bboxes), scores: Float32Array.from(scores), ...rest };
    measured.add(record.id, detections);
    return { imageId: record.id, record, detections };
  });
  const numbers = measured.compute();
  const problems = [...dataset.problems, ...numbers.problems];
  const results = { dataset, images, metric };
  return new Report({ ...numbers, problems }, dataset.name, (performance.now() - started) / 1000, { results });
}
