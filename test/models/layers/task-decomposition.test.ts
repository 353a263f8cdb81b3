// Task decomposition against its definition: features weighted by layer attention, then the 1x1 convolution. TOODHead's
// reference files cover it within the head.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { TaskDecomposition } from '../../../src/models/layers/task-decomposition';
import { type NormCfg, torchShape } from '../../../src/nn';
import { Random } from '../../../src/random';
import { expectClose, fillByFormula, sgn } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

const config = { featChannels: 16, stackedConvs: 3, downRate: 24 };
const [n, h, w, channels] = [2, 3, 4, 48];

test.each([null, { type: 'GN', num_groups: 2 }, { type: 'BN' }] as (NormCfg | null)[])(
  'with the norm %o',
  (normCfg) => {
    const layer = new TaskDecomposition({ ...config, normCfg });
    fillByFormula(layer);
    const part = (name: string) => new Map(layer.named()).get(name)!.variable;
    const x = tf.tensor4d(sgn('x', [n, h, w, channels]), [n, h, w, channels]);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const pooled: tf.Tensor4D = tf.mean(x, [1, 2], true);
      const dense = (v: tf.Tensor, name: string) =>
        tf.add(
          tf.matMul(v.reshape([n, -1]), part(`${name}.weight`).reshape<tf.Tensor2D>([v.shape[3] as number, -1])),
          part(`${name}.bias`),
        );
      const hidden = tf.relu(dense(pooled, 'layer_attention.0')).reshape([n, 1, 1, 2]);
      const attention = tf.sigmoid(dense(hidden, 'layer_attention.2')).reshape([n, 1, 1, 3, 1]);
      const weighted = tf.mul(x.reshape([n, h, w, 3, 16]), attention).reshape<tf.Tensor4D>([n, h, w, channels]);
      const reduced = tf.conv2d(weighted, part('reduction_conv.conv.weight') as tf.Tensor as tf.Tensor4D, 1, 'same');
      const child = normCfg && new Map(layer.modules()).get(`reduction_conv.${normCfg.type === 'GN' ? 'gn' : 'bn'}`);
      const normed = child ? (child as unknown as { forward(x: tf.Tensor4D): tf.Tensor4D }).forward(reduced) : reduced;
      expectClose(layer.forward(x, pooled).dataSync(), tf.relu(normed).dataSync(), 1e-5);
    });
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    layer.dispose();
  },
);

test('with loaded weights it gives the same bits as with those it was initialised with', () => {
  const layers = [1, 2].map(
    () => new TaskDecomposition({ featChannels: 32, stackedConvs: 2, downRate: 16, normCfg: null }),
  );
  for (const layer of layers) layer.initWeights(Random.seeded(1));
  layers[1].loadStateDict(layers[0].stateDict());
  // products of matrices of few rows are computed otherwise than those of many
  for (const [h, w] of [
    [1, 1],
    [1, 2],
    [2, 3],
    [4, 6],
    [8, 12],
  ]) {
    const shape: [number, number, number, number] = [6, h, w, 64];
    const x = tf.tensor4d(sgn('x', shape), shape);
    const [initialised, loaded] = layers.map((layer) =>
      tf.tidy(() => {
        const features = (v: tf.Tensor) => layer.forward(v as tf.Tensor4D, tf.mean<tf.Tensor4D>(v, [1, 2], true));
        return [features(x), tf.grad((v) => tf.sum(features(v)))(x)].map((t) => t.dataSync());
      }),
    );
    expect(loaded, `${h} x ${w}`).toEqual(initialised);
    x.dispose();
  }
  for (const layer of layers) layer.dispose();
});

test('its parameters have the names and shapes of MMDetection', () => {
  const layer = new TaskDecomposition({ ...config, normCfg: { type: 'GN', num_groups: 2 } });
  expect([...layer.named()].map(([name, p]) => [name, torchShape(p)])).toEqual([
    ['layer_attention.0.weight', [2, 48, 1, 1]],
    ['layer_attention.0.bias', [2]],
    ['layer_attention.2.weight', [3, 2, 1, 1]],
    ['layer_attention.2.bias', [3]],
    ['reduction_conv.conv.weight', [16, 48, 1, 1]],
    ['reduction_conv.gn.weight', [16]],
    ['reduction_conv.gn.bias', [16]],
  ]);
  layer.dispose();
});
