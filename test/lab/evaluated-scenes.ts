// A report of generated scenes with an imaginary detector, which errs in every way: so that displays have images to show.

import { dataset, Report } from '../../src';
import { evaluateBoxes, truthsOfDataset } from '../../src/evaluation';
import { Random } from '../../src/random';

/**
 * @param dir of the images
 * @param palette of the dataset
 */
export async function evaluatedScenes(dir: string, images = 12, palette?: string[]): Promise<Report> {
  const { evaluated: scenes } = (await dataset.toytown({ images, seed: 3, width: 192, height: 128, dir })).split(
    'train',
  );
  const evaluated = palette ? { ...scenes, palette } : scenes;
  const random = Random.seeded(4);
  const results = evaluated.records.map((record) => {
    const found: { box: number[]; label: number; score: number }[] = [];
    for (const [g, label] of record.truths.labels.entries()) {
      const box = [...record.truths.bboxes.subarray(4 * g, 4 * g + 4)];
      const size = [box[2] - box[0], box[3] - box[1]];
      const copies = random.uniform() < 0.15 ? 0 : random.uniform() < 0.2 ? 2 : 1;
      for (let k = 0; k < copies; k++) {
        const spread = random.uniform() < 0.25 ? 0.4 : 0.05;
        found.push({
          box: box.map((v, i) => v + size[i % 2] * random.uniform(-spread, spread)),
          label: random.uniform() < 0.8 ? label : random.integer(evaluated.classes.length),
          score: random.uniform(0.2, 1),
        });
      }
    }
    found.push({
      box: [2, 2, 20, 20],
      label: random.integer(evaluated.classes.length),
      score: random.uniform(0.1, 0.9),
    });
    const detections = {
      bboxes: Float32Array.from(found.flatMap(({ box }) => box)),
      scores: Float32Array.from(found, ({ score }) => score),
      labels: Int32Array.from(found, ({ label }) => label),
    };
    return { imageId: record.id, record, detections };
  });
  const numbers = evaluateBoxes(
    truthsOfDataset(evaluated),
    new Map(results.map(({ imageId, detections }) => [imageId, detections])),
    { classes: evaluated.classes },
  );
  const metric = { type: 'CocoMetric', metric: 'bbox' };
  return new Report(numbers, evaluated.name, 1, { results: { dataset: evaluated, images: results, metric } });
}
