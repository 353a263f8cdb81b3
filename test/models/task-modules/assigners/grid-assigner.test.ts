// GridAssigner by hand; the heads' golden files (ref_head_yolov3) compare it with MMDetection's.

import { expect, test } from 'vitest';
import type { AssignResult } from '../../../../src/models/task-modules';
import { buildAssigner, empty, input } from '../scene';

/** Two anchors, 16 x 16 and 16 x 32 pixels, at the centre of each of 2 x 2 cells of stride 16; then one cell of stride 32. */
const centers = [8, 24].flatMap((y) => [8, 24].map((x) => [x, y]));
const priors = Float32Array.from([
  ...centers.flatMap(([x, y]) => [x - 8, y - 8, x + 8, y + 8, x - 8, y - 16, x + 8, y + 16]),
  ...[0, 0, 32, 32],
]);
const strides = [...Array(8).fill(16), 32];
const assign = (options: object, bboxes: number[]): AssignResult =>
  buildAssigner({ type: 'GridAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.5, ...options }).assign(
    input({
      priors,
      levels: [8, 1],
      strides,
      instances: {
        bboxes: Float32Array.from(bboxes),
        labels: Int32Array.from({ length: bboxes.length / 4 }, (_, i) => 5 + i),
        ignored: empty,
      },
    }),
  );

test('positive are anchors of the cell that contains the centre, on every level', () => {
  // equal to the first anchor of the cell at (24, 8); IoU 0.5 with the second, 0.25 with the anchor of stride 32
  const { assigned, labels, maxOverlaps } = assign({}, [16, 0, 32, 16]);
  expect([...assigned]).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0]);
  expect([...labels]).toEqual([-1, -1, 5, -1, -1, -1, -1, -1, -1]);
  // of anchors of other cells none is reported
  expect([...maxOverlaps].map((v) => Math.round(100 * v) / 100)).toEqual([-1, -1, 1, 0.5, -1, -1, -1, -1, 0.25]);
});

test('an anchor of another cell is ignored, not positive, however high its IoU', () => {
  // the centre (15, 8) is in the first column, the IoU with the first anchor there is 144 / 368
  const { assigned } = assign({}, [8, 0, 22, 16]);
  expect(assigned[0]).toBe(1);
  const shifted = assign({ neg_iou_thr: 0.2 }, [8, 0, 22, 16]);
  expect(shifted.assigned[2]).toBe(-1);
});

test('the best anchor of the cell is positive below pos_iou_thr, if it exceeds min_pos_iou', () => {
  const small = [20, 4, 26, 10];
  expect([...assign({}, small).assigned].map((v, i) => (v > 0 ? i : -1)).filter((i) => i >= 0)).toEqual([2]);
  expect(assign({ min_pos_iou: 0.4 }, small).assigned.every((v) => v === 0)).toBe(true);
});

test('without strides it says what is missing', () => {
  const assigner = buildAssigner({ type: 'GridAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.5 });
  const instances = { bboxes: Float32Array.of(0, 0, 8, 8), labels: Int32Array.of(0), ignored: empty };
  expect(() => assigner.assign(input({ priors, instances }))).toThrow(
    /GridAssigner: expected the stride of each prior/,
  );
});
