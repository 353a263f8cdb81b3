// SwinTransformer: what is dropped in training.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { backbones } from '../../../src/models/backbones';
import type { Backbone } from '../../../src/models/types';
import { withStepRandom } from '../../../src/nn/step-random';
import { Random } from '../../../src/random';

beforeAll(async () => void (await startEngine()));

const registry = new Registry(backbones);
const build = (config: ModuleConfig) => registry.build('backbone', config, { path: 'model.backbone' }) as Backbone;

const swin = { type: 'SwinTransformer', embed_dims: 4, depths: [1, 1], num_heads: [1, 2], strides: [4, 2] };

test('stochastic depth repeats with the stream and is off in evaluation', () => {
  const model = build({ ...swin, drop_path_rate: 0.6, drop_rate: 0.1, attn_drop_rate: 0.1, out_indices: [1] });
  model.initWeights(Random.seeded(1));
  const x = tf.randomNormal<tf.Rank.R4>([4, 32, 32, 3], 0, 1, 'float32', 5);
  const run = (seed: number) =>
    withStepRandom(Random.seeded(seed), () => tf.tidy(() => model.forward(x)[0].dataSync<'float32'>()));
  expect(run(1)).toEqual(run(2));
  model.train();
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
  tf.dispose(x);
  model.dispose();
});
