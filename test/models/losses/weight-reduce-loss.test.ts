// How the values of a loss are weighted and reduced.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { weightReduceLoss } from '../../../src/models/losses';

beforeAll(async () => void (await startEngine()));

test('avg_factor with sum is refused', () => {
  const run = () => tf.tidy(() => weightReduceLoss(tf.tensor1d([1]), { reduction: 'sum', avgFactor: 2 }));
  expect(run).toThrow(/avg_factor goes only with reduction "mean"/);
});
