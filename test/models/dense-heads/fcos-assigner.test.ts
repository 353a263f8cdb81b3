// The rule of FCOS on points of two levels; FCOSHead's reference files cover it within the head.

import { expect, test } from 'vitest';
import { FCOSAssigner } from '../../../src/models/dense-heads/fcos-assigner';
import { MlvlPointGenerator } from '../../../src/models/task-modules';
import { Random } from '../../../src/random';

const ranges: [number, number][] = [
  [-1, 16],
  [16, 1e8],
];
const generator = new MlvlPointGenerator([8, 16], 0.5);
const priors = Float32Array.from(
  generator
    .gridPriors([
      [4, 4],
      [2, 2],
    ])
    .flatMap((level) => [...level]),
);

function assigned(bboxes: number[], labels: number[], radius?: number) {
  const { assigned: truths, labels: found } = new FCOSAssigner({ ranges, radius }).assign({
    priors,
    levels: [16, 4],
    instances: {
      bboxes: Float32Array.from(bboxes),
      labels: Int32Array.from(labels),
      ignored: new Float32Array(0),
    },
    imgShape: [32, 32],
    random: Random.seeded(1),
    epoch: 0,
  });
  return [...truths].flatMap((truth, point) => (truth > 0 ? [[point, truth - 1, found[point]]] : []));
}

test('a small box is assigned to the points within it on the level of its size', () => {
  expect(assigned([0, 0, 14, 14], [2])).toEqual([
    [0, 0, 2],
    [1, 0, 2],
    [4, 0, 2],
    [5, 0, 2],
  ]);
});

test('a large box belongs to the coarse level, but for points whose farthest side is near', () => {
  const points = assigned([0, 0, 32, 32], [0]).map(([point]) => point);
  expect(points.filter((point) => point >= 16)).toEqual([16, 17, 18, 19]);
  expect(points.filter((point) => point < 16)).toEqual([]);
});

test('of several boxes a point gets the smallest', () => {
  const found = assigned([0, 0, 14, 14, 0, 0, 9, 9], [0, 1]);
  expect(found.find(([point]) => point === 0)).toEqual([0, 1, 1]);
  expect(found.find(([point]) => point === 5)).toEqual([5, 0, 0]);
});

test('center sampling keeps the points near the center', () => {
  expect(assigned([0, 0, 14, 14], [2], 0.75).map(([point]) => point)).toEqual([0, 1, 4, 5]);
  expect(assigned([0, 0, 14, 14], [2], 0.25)).toEqual([]);
});
