// Deformable layers that are given their offsets.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { DeformConv2d, ModulatedDeformConv2d } from '../../src/nn';
import { Random } from '../../src/random';
import { expectClose } from '../golden-data';

beforeAll(async () => void (await startEngine()));

test('bare layers take offsets from outside; v1 pads a map smaller than its filter', () => {
  tf.tidy(() => {
    const v1 = new DeformConv2d({ inChannels: 2, outChannels: 3, kernelSize: 3, padding: 1 });
    v1.initWeights(Random.seeded(2));
    expect(v1.forward(tf.ones([1, 2, 2, 2]), tf.zeros([1, 2, 2, 18])).shape).toEqual([1, 2, 2, 3]);
    const v2 = new ModulatedDeformConv2d({ inChannels: 2, outChannels: 3, kernelSize: 3, padding: 1 });
    v2.initWeights(Random.seeded(2));
    expect([...v2.named()].map(([name]) => name)).toEqual(['weight', 'bias']);
    const x = tf.randomUniform<tf.Rank.R4>([1, 4, 4, 2]);
    const whole = v2.forward(x, tf.zeros([1, 4, 4, 18]), tf.ones([1, 4, 4, 9]));
    const half = v2.forward(x, tf.zeros([1, 4, 4, 18]), tf.fill([1, 4, 4, 9], 0.5));
    expectClose(tf.mul(half, 2).dataSync(), whole.dataSync(), 1e-6);
    v1.dispose();
    v2.dispose();
  });
});
