// NormedLinear against MMDetection's, as a layer and as a predictor of a box head.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { catalogue } from '../../../src/lab/catalogue';
import { NormedLinear } from '../../../src/models/layers/normed-linear';
import { BBoxHead } from '../../../src/models/roi-heads/bbox-heads/bbox-head';
import { Random } from '../../../src/random';
import { goldenJson } from '../../golden-data';
import { expectStartingValues } from '../../starting-values';

beforeAll(() => startEngine());
const { normed } = goldenJson<{ normed: Record<'out' | 'grad' | 'grad_weight', number[][]> }>('legal_options');
const row = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(-1 + (2 * i) / (count - 1)));

test('outputs and gradients, also of a row of zeros', () => {
  const layer = new NormedLinear({ inFeatures: 6, outFeatures: 4, temperature: 15, power: 1.5, eps: 1e-4 });
  layer.weight.variable.assign(tf.mul(tf.tensor2d(row(24), [4, 6]), 0.3));
  layer.bias!.variable.assign(tf.mul(tf.tensor1d(row(4)), 0.1));
  const x = tf.variable(tf.add(tf.tensor2d(row(18), [3, 6]), 0.2).mul(tf.tensor2d([1, 0, 1], [3, 1])));
  const out = layer.forward(x as tf.Tensor2D);
  const loss = () => tf.sum<tf.Scalar>(tf.mul(layer.forward(x), tf.tensor2d(row(12), [3, 4])));
  const { grads } = tf.variableGrads(loss, [x, layer.weight.variable]);
  const close = (got: tf.Tensor, expected: number[][], tolerance: number) => {
    const values = got.dataSync();
    for (const [i, value] of expected.flat().entries())
      expect(Math.abs(values[i] - value)).toBeLessThan(tolerance * Math.max(1, Math.abs(value)));
  };
  close(out, normed.out, 1e-5);
  close(grads[x.name], normed.grad, 1e-4);
  close(grads[layer.weight.variable.name], normed.grad_weight, 1e-4);
  tf.dispose(grads);
  layer.dispose();
});

test('as predictors of a head they start by themselves', () => {
  const cfg = { type: 'NormedLinear', tempearture: 20, bias: false };
  const head = catalogue.build(
    'bbox_head',
    { type: 'Shared2FCBBoxHead', in_channels: 4, num_classes: 30, cls_predictor_cfg: cfg, reg_predictor_cfg: cfg },
    { path: 'bbox_head' },
  ) as BBoxHead;
  expect(head).toBeInstanceOf(BBoxHead);
  const normal = 0.01 * Math.sqrt(2 * Math.log(30_000));
  expectStartingValues(head, { 'fc_cls.weight': [0, 0.01, normal], 'fc_reg.weight': [0, 0.01, normal] });
  head.initWeights(Random.seeded(0));
  expect([...head.stateDict().keys()].filter((key) => /fc_(cls|reg)\.bias/.test(key))).toEqual([]);
  head.dispose();
});
