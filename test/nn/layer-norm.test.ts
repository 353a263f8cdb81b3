// Layer norm.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { LayerNorm } from '../../src/nn/layer-norm';
import { Random } from '../../src/random';
import { expectClose } from '../golden-data';
import { values } from './stored-transformer';

beforeAll(async () => void (await startEngine()));

test('LayerNorm has weight and bias unless it is told not to', () => {
  const norm = new LayerNorm({ channels: 4 });
  expect([...norm.named()].map(([n]) => n)).toEqual(['weight', 'bias']);
  norm.initWeights(Random.seeded(1));
  const y = tf.tidy(() => values(norm.forward(tf.tensor2d([1, 2, 3, 4], [1, 4]))));
  expectClose(y, [-1.3416355, -0.4472118, 0.4472118, 1.3416355], 1e-5);
  norm.dispose();
  expect([...new LayerNorm({ channels: 4, affine: false }).named()]).toEqual([]);
});
