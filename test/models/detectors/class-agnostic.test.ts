// The batch of a first stage.

import { expect, test } from 'vitest';
import { classAgnostic } from '../../../src/models/detectors/class-agnostic';
import type { DetBatch } from '../../../src/models/types';
import { sample } from './whole-models';

test('an object of any class has label 0, and the batch of the second stage keeps its classes', () => {
  const truths = {
    bboxes: new Float32Array([10, 12, 70, 80, 60, 30, 120, 110]),
    labels: new Int32Array([2, 1]),
    ignored: new Uint8Array([0, 1]),
  };
  const batch: Pick<DetBatch, 'samples' | 'batchShape'> = { samples: [sample(truths)], batchShape: [128, 160] };
  const [{ truths: objects, meta }] = classAgnostic(batch as DetBatch).samples;
  expect(objects).toEqual({ ...truths, labels: new Int32Array(2) });
  expect(meta).toBe(batch.samples[0].meta);
  expect([...batch.samples[0].truths.labels]).toEqual([2, 1]);
});
