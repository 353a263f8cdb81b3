// YOLOv7's choice by cost among anchors of a box's shape: hostile ground truth and predictions (whole models: detectors.test.ts).

import { expect, test } from 'vitest';
import type { Instances } from '../../../../src/models/task-modules';
import { matchByCost } from '../../../../src/models/task-modules/assigners/match-by-cost';
import { matchByShape } from '../../../../src/models/task-modules/assigners/match-by-shape';

const none = { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Float32Array(0) };
const truth = (...boxes: number[][]): Instances => ({
  ...none,
  bboxes: Float32Array.from(boxes.flat()),
  labels: Int32Array.from(boxes.keys()),
});
const anchors = Float32Array.of(2, 2, 3, 3);
const [size, batchShape, stride] = [[8, 8], [64, 64], 8] as [[number, number], [number, number], number];
const cost = { topk: 10, iouWeight: 3, clsWeight: 1 };

/** Matches of one level whose predictions are `logit`. */
function match(images: Instances[], logit: (column: number) => number, classes = 2) {
  const matches = matchByShape(images, { anchors, size, batchShape }, { shapeFactor: 4, neighbor: 0.5 });
  const columns = 5 + classes;
  const predictions = Float32Array.from({ length: matches.rows.length * columns }, (_, i) => logit(i % columns));
  return { found: matchByCost([{ matches, predictions, size, stride }], images, batchShape, cost)[0], matches };
}

test('images without ground truth have no anchors', () => {
  expect(match([truth(), truth()], () => 0).found.rows.length).toBe(0);
});

test('boxes of no shape among the anchors have none', () => {
  expect(match([truth([0, 0, 64, 2])], () => 0).found.rows.length).toBe(0);
});

test('each box has as many as its IoUs add up to, each candidate one box', () => {
  const images = [truth([8, 8, 30, 30], [9, 9, 31, 31]), truth(), truth([40, 8, 60, 28])];
  const { found, matches } = match(images, () => 0);
  expect(found.rows.length).toBeGreaterThan(2);
  expect(found.rows.length).toBeLessThan(matches.rows.length);
  expect([...found.images].every((image, k) => found.labels[k] === images[image].labels[found.truths[k]])).toBe(true);
  expect(new Set(found.images)).toEqual(new Set([0, 2]));
  // targets are the chosen box's, in cells from the corner of the anchor's cell
  for (const [k, row] of found.rows.entries()) {
    const cell = Math.floor(row / 2);
    const [x1, , x2] = images[found.images[k]].bboxes.subarray(4 * found.truths[k]);
    expect(found.boxes[4 * k] + (cell % 8)).toBeCloseTo((x1 + x2) / 16, 5);
  }
});

test.each([
  ['sure of every class', 60],
  ['sure of none', -60],
])('predictions that are %s give finite costs', (_, logit) => {
  const { found } = match([truth([8, 8, 30, 30])], (column) => (column < 4 ? 0 : logit));
  expect(found.rows.length).toBeGreaterThan(0);
  expect(found.boxes.every(Number.isFinite)).toBe(true);
});

test('one class', () => {
  expect(match([truth([8, 8, 30, 30])], () => 0, 1).found.rows.length).toBeGreaterThan(0);
});
