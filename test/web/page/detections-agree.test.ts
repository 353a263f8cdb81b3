import { expect, test } from 'vitest';
import type { Detections } from '../../../src/data/types';
import { detectionsAgree } from '../../../src/web/page/detections-agree';

const detections = (...rows: readonly [label: number, score: number, x: number][]): Detections => ({
  labels: Int32Array.from(rows, ([label]) => label),
  scores: Float32Array.from(rows, ([, score]) => score),
  bboxes: Float32Array.from(rows.flatMap(([, , x]) => [x, 0, x + 10, 10])),
});

test('each detection has a partner, whatever the order of equal scores', () => {
  const some = detections([0, 0.9, 5], [1, 0.5, 20], [0, 0.5, 40]);
  expect(detectionsAgree(some, detections([0, 0.9, 5], [0, 0.5, 40.05], [1, 0.5004, 20]))).toBe(true);
  expect(detectionsAgree(some, detections([0, 0.9, 5], [1, 0.5, 20]))).toBe(false);
  expect(detectionsAgree(detections([0, 0.9, 5], [1, 0.5, 20]), some)).toBe(false);
  expect(detectionsAgree(some, detections([0, 0.9, 5], [0, 0.5, 20], [0, 0.5, 40]))).toBe(false);
  expect(detectionsAgree(some, detections([0, 0.9, 5.2], [1, 0.5, 20], [0, 0.5, 40]))).toBe(false);
  expect(detectionsAgree(some, detections([0, 0.9, Number.NaN], [1, 0.5, 20], [0, 0.5, 40]))).toBe(false);
});

test('one partner is of one detection alone', () => {
  const twice = detections([0, 0.9, 5], [0, 0.9, 5]);
  expect(detectionsAgree(twice, detections([0, 0.9, 5]))).toBe(false);
  expect(detectionsAgree(twice, twice)).toBe(true);
});

test('those of low scores are not compared; nothing is no agreement', () => {
  expect(detectionsAgree(detections([0, 0.9, 5], [0, 0.04, 5]), detections([0, 0.9, 5]))).toBe(true);
  expect(detectionsAgree(detections([0, 0.04, 5]), detections())).toBeUndefined();
});
