import { expect, test } from 'vitest';
import { sizeOf, TruthLosses } from '../../src/analysis/truth-losses';

test('sizes are the ranges of COCO', () => {
  expect([0, 1023.9, 1024, 9215, 9216, 1e6].map(sizeOf)).toEqual([0, 0, 1, 1, 2, 2]);
});

test('objects are counted by identity: one that is lost and another that is added do not cancel', () => {
  const sizes = [0, 1, 2, 0];
  const counter = new TruthLosses(['Mosaic', 'RandomCrop'], (object) => sizes[object]);
  counter.add([
    { before: [0, 1], after: [1, 3, 3] },
    { before: [1, 3, 3], after: [3, 1], shares: [0.49, 0.5] },
  ]);
  counter.add([{ before: [2], after: [2] }, { before: [2] }]);
  const [mosaic, crop] = counter.steps;
  expect(mosaic).toMatchObject({ entered: [1, 1, 1], lost: [1, 0, 0], added: [2, 0, 0], images: 2, discarded: 0 });
  expect(crop).toMatchObject({
    entered: [2, 1, 1],
    lost: [1, 0, 1],
    added: [0, 0, 0],
    halved: [1, 0, 0],
    discarded: 1,
  });
});
