// AnchorShapeAssigner by hand, and against its rule on random boxes; the whole model (zoo_yolov4) compares it with plain Python.

import { expect, test } from 'vitest';
import { bboxOverlaps } from '../../../../src/geometry/boxes';
import type { AssignResult } from '../../../../src/models/task-modules';
import { Random } from '../../../../src/random';
import { buildAssigner, empty, input } from '../scene';

const SHAPES = [
  [
    [8, 8],
    [12, 20],
  ],
  [
    [30, 30],
    [60, 40],
  ],
];
const STRIDES = [8, 16];
const [H, W] = [48, 64];
/** Of each anchor its level, cell and shape, in order. */
const ANCHORS = STRIDES.flatMap((stride, level) =>
  Array.from({ length: (H / stride) * (W / stride) }, (_, cell) => [
    cell % (W / stride),
    Math.floor(cell / (W / stride)),
  ]).flatMap(([column, row]) => SHAPES[level].map(([w, h]) => ({ stride, column, row, w, h }))),
);
const priors = Float32Array.from(
  ANCHORS.flatMap(({ stride, column, row, w, h }) => {
    const [x, y] = [(column + 0.5) * stride, (row + 0.5) * stride];
    return [x - w / 2, y - h / 2, x + w / 2, y + h / 2];
  }),
);
const levels = STRIDES.map((stride) => ANCHORS.filter((anchor) => anchor.stride === stride).length);

interface Scene {
  bboxes: number[];
  boxes?: Float32Array;
  ignored?: number[];
}
const assign = ({ bboxes, boxes = priors.map(() => 0), ignored = [] }: Scene, options: object = {}): AssignResult =>
  buildAssigner({ type: 'AnchorShapeAssigner', ...options }).assign(
    input({
      priors,
      levels,
      strides: ANCHORS.map(({ stride }) => stride),
      instances: {
        bboxes: Float32Array.from(bboxes),
        labels: Int32Array.from({ length: bboxes.length / 4 }, (_, i) => 5 + i),
        ignored: Float32Array.from(ignored),
      },
      predictions: { count: ANCHORS.length, classes: 3, boxes },
    }),
  );
const positives = ({ assigned }: AssignResult) =>
  ANCHORS.flatMap(({ stride, column, row, w }, i) => (assigned[i] > 0 ? [[stride, column, row, w]] : []));

test('the best shape of all levels, and every other one above iou_thresh, at the cells of the center', () => {
  // center (20, 20): cells (2, 2) and (1, 1); IoU of shapes 64 / 240, 1, 240 / 900 and 240 / 2400
  const box = [14, 10, 26, 30];
  expect(positives(assign({ bboxes: box }, { iou_thresh: 1 }))).toEqual([[8, 2, 2, 12]]);
  expect(positives(assign({ bboxes: box }, { iou_thresh: 0.2 }))).toEqual([
    [8, 2, 2, 8],
    [8, 2, 2, 12],
    [16, 1, 1, 30],
  ]);
  const { labels, maxOverlaps } = assign({ bboxes: box }, { iou_thresh: 0.2 });
  expect(labels.filter((label) => label >= 0)).toEqual(Int32Array.of(5, 5, 5));
  expect([...maxOverlaps].filter((v) => v > 0).map((v) => Math.round(1000 * v))).toEqual([267, 1000, 267]);
});

test('predicted boxes that overlap are not background, but an object has its anchors', () => {
  const box = [0, 0, 30, 30];
  const boxes = priors.map((_, i) => box[i & 3]);
  const { assigned } = assign({ bboxes: box, boxes });
  expect(assigned.filter((v) => v === 0)).toHaveLength(0);
  expect(assigned.filter((v) => v > 0).length).toBeGreaterThan(0);
  expect(assign({ bboxes: box, boxes }, { ignore_thresh: 1 }).assigned.filter((v) => v < 0)).toHaveLength(0);
});

test('a region to ignore acts with ignore_iof_thr alone', () => {
  const scene = { bboxes: [], boxes: priors, ignored: [0, 0, 64, 24] };
  expect(assign(scene).assigned.every((v) => v === 0)).toBe(true);
  const covered = bboxOverlaps(priors, Float32Array.from(scene.ignored), 'iof');
  expect([...assign(scene, { ignore_iof_thr: 0.5 }).assigned]).toEqual([...covered].map((v) => (v > 0.5 ? -1 : 0)));
});

test.each([0, 1, 2])('random boxes, many at one cell, some outside and some without an area: seed %i', (seed) => {
  const random = Random.seeded(seed);
  const bboxes = Array.from({ length: 24 }, (_, k) => {
    const [x, y] = k % 3 === 0 ? [20 + random.uniform(), 20] : [random.uniform(-8, 70), random.uniform(-8, 54)];
    const [w, h] = k % 7 === 0 ? [0, 4] : [random.uniform(1, 60), random.uniform(1, 44)];
    return [x - w / 2, y - h / 2, x + w / 2, y + h / 2];
  }).flat();
  const truths = Float32Array.from(bboxes);
  const owners = ANCHORS.map(() => ({ overlap: -1, truth: -1 }));
  for (let truth = 0; truth < 24; truth++) {
    const [x1, y1, x2, y2] = truths.subarray(4 * truth, 4 * truth + 4);
    const near = ANCHORS.flatMap(({ stride, column, row, w, h }, i) => {
      if (Math.floor((x1 + x2) / 2 / stride) !== column || Math.floor((y1 + y2) / 2 / stride) !== row) return [];
      const common = Math.min(w, x2 - x1) * Math.min(h, y2 - y1);
      return [{ i, overlap: common / (w * h + (x2 - x1) * (y2 - y1) - common) }];
    });
    const best = Math.max(...near.map(({ overlap }) => overlap));
    const first = near.find(({ overlap }) => overlap === best);
    for (const { i, overlap } of near)
      if ((i === first!.i || overlap > 0.213) && overlap > owners[i].overlap) owners[i] = { overlap, truth };
  }
  const { assigned } = assign({ bboxes });
  expect([...assigned]).toEqual(owners.map(({ truth }) => truth + 1));
});

test('without strides or predicted boxes it says what is missing', () => {
  const instances = { bboxes: Float32Array.of(0, 0, 8, 8), labels: Int32Array.of(0), ignored: empty };
  const assigner = buildAssigner({ type: 'AnchorShapeAssigner' });
  expect(() => assigner.assign(input({ priors, instances }))).toThrow(/expected the stride .*received no strides/);
});
