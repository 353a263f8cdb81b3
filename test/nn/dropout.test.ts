// Dropout, DropPath, and dropping within attention.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { Dropout } from '../../src/nn/dropout';
import { MultiheadAttention } from '../../src/nn/multihead-attention';
import { withStepRandom } from '../../src/nn/step-random';
import { Random } from '../../src/random';
import { loadStored, stored, values } from './stored-transformer';

beforeAll(async () => void (await startEngine()));

describe('dropout', () => {
  const ones = () => tf.ones([64, 4, 50]);

  test('keeps the mean, repeats with the stream, and is the identity in evaluation', () => {
    const drop = new Dropout({ type: 'Dropout', drop_prob: 0.25 });
    const draw = (seed: number) =>
      withStepRandom(Random.seeded(seed), () => tf.tidy(() => values(drop.forward(ones()))));
    expect(draw(1).every((v) => v === 1)).toBe(true);
    drop.train();
    const first = draw(1);
    expect(first.every((v) => v === 0 || Math.abs(v - 4 / 3) < 1e-6)).toBe(true);
    const share = first.filter((v) => v === 0).length / first.length;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.02);
    expect(draw(1)).toEqual(first);
    expect(draw(2)).not.toEqual(first);
  });

  test('DropPath drops whole samples', () => {
    const drop = new Dropout({ type: 'DropPath', drop_prob: 0.5 }).train();
    const y = withStepRandom(Random.seeded(4), () => tf.tidy(() => values(drop.forward(ones()))));
    const samples = Array.from({ length: 64 }, (_, i) => [...new Set(y.slice(200 * i, 200 * i + 200))]);
    expect(samples.every((s) => s.length === 1)).toBe(true);
    const dropped = samples.filter(([v]) => v === 0).length;
    expect(dropped).toBeGreaterThan(20);
    expect(dropped).toBeLessThan(44);
  });

  test('attention drops in training only, with a gradient, and repeats', () => {
    const mha = new MultiheadAttention({ embedDims: 16, numHeads: 4, attnDrop: 0.5, batchFirst: true });
    loadStored(mha, 'mha.');
    const query = stored('q') as tf.Tensor3D;
    const run = (seed: number) =>
      withStepRandom(Random.seeded(seed), () =>
        tf.tidy(() => {
          const g = tf.grad((x) => tf.sum(tf.square(mha.forward(x as tf.Tensor3D))))(query);
          return values(g);
        }),
      );
    const evaluated = run(1);
    expect(run(2)).toEqual(evaluated);
    mha.train();
    expect(run(1)).not.toEqual(evaluated);
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    mha.dispose();
  });
});
