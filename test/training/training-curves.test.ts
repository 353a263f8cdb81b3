// A sample of golden/training_curves.json: the first steps of RetinaNet; training-curves.slow.test.ts has all of it.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { largestDifference, reference, trainedCurves } from './training-curves';

beforeAll(async () => void (await startEngine()));

test('RetinaNet: the losses of its first steps are those of MMDetection', () => {
  const { curves } = reference.models.RetinaNet;
  const found = trainedCurves('RetinaNet', 3);
  expect(Object.keys(found)).toEqual(Object.keys(curves));
  for (const [name, expected] of Object.entries(curves))
    expect(largestDifference(found[name], expected), name).toBeLessThan(1e-5);
});
