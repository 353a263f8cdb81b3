// The results of an imaginary evaluation: random objects, some of them crowds, and a detector that finds most of them.

import type { EvaluationResults } from '../../src/evaluation';
import { Random } from '../../src/random';

export interface ImaginaryOptions {
  images?: number;
  classes?: number;
  seed?: number;
  /** Of the detector: its own stream, so that two detectors see the same objects. */
  detector?: number;
  /** Standard deviation of the boxes' borders in pixels; the larger, the worse the detector. */
  noise?: number;
  /** Share of the objects that are found. */
  recall?: number;
}

const SIDE = 40;

/** Objects do not overlap; scores are distinct, and higher for what is right. */
export function randomResults({
  images = 20,
  classes = 2,
  seed = 0,
  detector = 1,
  noise = 3,
  recall = 0.8,
}: ImaginaryOptions = {}): EvaluationResults {
  const scene = Random.seeded(seed);
  const eye = Random.seeded(1000 * (seed + 1) + detector);
  const records = Array.from({ length: images }, (_, id) => {
    const count = scene.integer(6);
    const bboxes = Array.from({ length: count }, (_, i) => [60 * i, 10, 60 * i + SIDE, 10 + SIDE]);
    const labels = bboxes.map(() => scene.integer(classes));
    return {
      id,
      path: `/images/${id}.png`,
      width: 400,
      height: 100,
      truths: {
        bboxes: Float32Array.from(bboxes.flat()),
        labels: Int32Array.from(labels),
        ignored: Uint8Array.from(bboxes, () => (scene.uniform() < 0.1 ? 1 : 0)),
      },
      areas: Float32Array.from(bboxes, () => SIDE * SIDE),
      annotationIds: bboxes.map((_, i) => i),
    };
  });
  const results = records.map((record) => {
    const found: { box: number[]; label: number; score: number }[] = [];
    for (const [i, label] of record.truths.labels.entries()) {
      const box = [...record.truths.bboxes.subarray(4 * i, 4 * i + 4)];
      if (eye.uniform() < recall)
        found.push({
          box: box.map((v) => v + eye.normal(0, noise)),
          label: eye.uniform() < 0.9 ? label : eye.integer(classes),
          score: eye.uniform(0.2, 1),
        });
    }
    for (let i = eye.integer(4); i > 0; i--) {
      const [x, y] = [eye.uniform(0, 350), eye.uniform(0, 60)];
      found.push({ box: [x, y, x + SIDE, y + SIDE], label: eye.integer(classes), score: eye.uniform(0, 0.7) });
    }
    found.sort((a, b) => b.score - a.score);
    return {
      imageId: record.id,
      record,
      detections: {
        bboxes: Float32Array.from(found.flatMap(({ box }) => box)),
        scores: Float32Array.from(found, ({ score }) => score),
        labels: Int32Array.from(found, ({ label }) => label),
      },
    };
  });
  const names = Array.from({ length: classes }, (_, c) => `class ${c}`);
  return {
    dataset: { name: 'imaginary', classes: names, records, problems: [] },
    images: results,
    metric: { type: 'CocoMetric' },
  };
}
