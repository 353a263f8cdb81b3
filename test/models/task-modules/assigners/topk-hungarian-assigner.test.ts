// TopkHungarianAssigner: hostile input, and that the matching costs the least.

import { expect, test } from 'vitest';
import { createRegistry } from '../../../../src/models/catalogue';
import type { AssignInput } from '../../../../src/models/task-modules';
import { Random } from '../../../../src/random';

const registry = createRegistry();
const assigner = (topk: number) =>
  registry.build('assigner', { type: 'TopkHungarianAssigner', topk }, { path: 'assigner' });
const boxes = [0, 0, 20, 20, 1, 0, 21, 20, 40, 40, 60, 60, 42, 40, 62, 61, 80, 0, 90, 9, 0, 70, 12, 90];
const scores = [0.9, 0.1, 0.8, 0.2, 0.1, 0.7, 0.2, 0.9, 0.5, 0.5, 0.4, 0.6];

function input(truths: number[], labels: number[], count = 6): AssignInput {
  return {
    priors: new Float32Array(0),
    levels: [],
    instances: { bboxes: Float32Array.from(truths), labels: Int32Array.from(labels), ignored: new Float32Array(0) },
    predictions: {
      count,
      classes: 2,
      scores: Float32Array.from(scores.slice(0, 2 * count)),
      boxes: Float32Array.from(boxes.slice(0, 4 * count)),
    },
    imgShape: [100, 100],
    random: Random.seeded(1),
    epoch: 0,
  };
}
const two = [0, 0, 20, 20, 40, 40, 60, 60];

test('each box has its nearest predictions, with their overlap and alignment', () => {
  const { assigned, labels, maxOverlaps, metrics = [] } = assigner(2).assign(input(two, [0, 1]));
  expect([...assigned]).toEqual([1, 1, 2, 2, 0, 0]);
  expect([...labels]).toEqual([0, 0, 1, 1, -1, -1]);
  expect(maxOverlaps[0]).toBe(1);
  expect(maxOverlaps[1]).toBeCloseTo(19 / 21, 6);
  expect(metrics[0]).toBeCloseTo(0.9, 6);
  expect(metrics[1]).toBeCloseTo(0.8 * (19 / 21) ** 6, 5);
  expect(metrics[4]).toBe(0);
});

test('without boxes all is background', () => {
  expect([...assigner(4).assign(input([], [])).assigned]).toEqual([0, 0, 0, 0, 0, 0]);
});

test('no more predictions than there are, and fewer than boxes', () => {
  expect([...assigner(9).assign(input(two, [0, 1])).assigned].filter((a) => a > 0)).toHaveLength(6);
  expect([...assigner(4).assign(input(two, [0, 1], 1)).assigned]).toEqual([1]);
});

test('equal boxes share the predictions', () => {
  const { assigned } = assigner(1).assign(input([0, 0, 20, 20, 0, 0, 20, 20], [0, 0]));
  expect([...assigned].filter((a) => a > 0).sort()).toEqual([1, 2]);
  expect(assigned[0] * assigned[1]).toBe(2);
});
