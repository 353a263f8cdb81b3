// The batch of a first stage: every object has label 0.

import type { DetBatch } from '../types';

export function classAgnostic(batch: DetBatch): DetBatch {
  return {
    ...batch,
    samples: batch.samples.map((sample) => {
      const { truths } = sample;
      return { ...sample, truths: { ...truths, labels: new Int32Array(truths.labels.length) } };
    }),
  };
}
