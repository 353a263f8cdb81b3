// Scores decayed by overlaps with better masks of the same class.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { matrixNms } from '../../src/ops';
import { goldenJson } from '../golden-data';

beforeAll(async () => void (await startEngine()));

/** Masks of 8 pixels. */
const nms = (rows: number[][], labels: number[], scores: number[], kernel: 'gaussian' | 'linear', sigma = 2) => {
  const masks = tf.tensor2d(rows);
  const areas = Float32Array.from(rows, (row) => row.reduce((a, b) => a + b));
  const decayed = matrixNms(
    { masks, areas, labels: Int32Array.from(labels), scores: Float32Array.from(scores) },
    { kernel, sigma },
  );
  masks.dispose();
  return [...decayed];
};
const whole = [1, 1, 1, 1, 1, 1, 1, 1];
const half = [1, 1, 1, 1, 0, 0, 0, 0];
const other = [0, 0, 0, 0, 1, 1, 1, 1];

test('the best is kept, a mask that covers half of it decays by its overlap, one of another class does not', () => {
  const [best, second, third] = nms([whole, half, other], [0, 0, 1], [0.9, 0.8, 0.7], 'gaussian');
  expect(best).toBeCloseTo(0.9, 6);
  expect(second).toBeCloseTo(0.8 * Math.exp(-2 * 0.25), 6);
  expect(third).toBeCloseTo(0.7, 6);
  expect(nms([whole, half], [0, 0], [0.9, 0.8], 'linear')[1]).toBeCloseTo(0.4, 6);
});

test('a mask that is covered itself decays others less', () => {
  const [, , third] = nms([whole, half, half], [0, 0, 0], [0.9, 0.8, 0.7], 'gaussian');
  // by the first: exp(-2 / 4); by the second, whose own overlap is one half: exp(-2) / exp(-2 / 4)
  expect(third).toBeCloseTo(0.7 * Math.exp(-1.5), 6);
});

test('a duplicate of a duplicate is suppressed by the linear kernel, not NaN', () => {
  expect(nms([half, half, half], [0, 0, 0], [0.9, 0.8, 0.7], 'linear').map((v) => Math.round(1e6 * v))).toEqual([
    900000, 0, 0,
  ]);
});

interface Case {
  kernel: 'gaussian' | 'linear';
  masks: number[][];
  labels: number[];
  scores: number[];
  decayed: number[];
}

test.each(goldenJson<{ matrix: Case[] }>('mask_heads').matrix)("equals the reference's (%#)", (golden) => {
  const decayed = nms(golden.masks, golden.labels, golden.scores, golden.kernel);
  for (const [i, score] of golden.decayed.entries()) expect(decayed[i]).toBeCloseTo(score, 5);
});
