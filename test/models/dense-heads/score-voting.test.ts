// Score voting: means of overlapping boxes of the class, weighted.

import { expect, test } from 'vitest';
import { scoreVoting } from '../../../src/models/dense-heads/score-voting';

const voters = {
  boxes: Float32Array.of(0, 0, 10, 10, 0, 0, 10, 12, 0, 0, 10, 10, 4, 4, 4, 9),
  scores: Float32Array.of(0.8, 0.4, 0.9, 0.7),
  labels: Int32Array.of(0, 0, 1, 0),
};

test('boxes of the same class vote by IoU and score', () => {
  const found = { bboxes: voters.boxes.slice(0, 4), scores: Float32Array.of(0.8), labels: Int32Array.of(0) };
  const iou = 10 / 12;
  const weights = [0.8, 0.4 * Math.exp(-((1 - iou) ** 2) / 0.025)];
  const mean = (weights[0] * 10 + weights[1] * 12) / (weights[0] + weights[1]);
  const { bboxes, scores } = scoreVoting(found, voters);
  expect([...bboxes].map((v) => Number(v.toFixed(4)))).toEqual([0, 0, 10, Number(mean.toFixed(4))]);
  expect(scores).toEqual(found.scores);
});

test('a box without an area, which overlaps nothing, stays', () => {
  const found = { bboxes: voters.boxes.slice(12), scores: Float32Array.of(0.7), labels: Int32Array.of(0) };
  expect([...scoreVoting(found, voters).bboxes]).toEqual([4, 4, 4, 9]);
});
