// The predictor of TOOD's alignment maps against its two convolutions, and what it starts from. TOODHead's reference files
// cover it within the head.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { AlignmentPredictor } from '../../../src/models/layers/alignment-predictor';
import { constant, torchShape } from '../../../src/nn';
import { Random } from '../../../src/random';
import { expectClose, fillByFormula, sgn } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

const config = { inChannels: 12, hiddenChannels: 4, outChannels: 8, std: 0.001 };

test('a 1x1 convolution, ReLU and a 3x3 convolution of the same size', () => {
  const layer = new AlignmentPredictor(config);
  fillByFormula(layer);
  const part = (name: string) => new Map(layer.named()).get(name)!.variable as tf.Tensor;
  const x = tf.tensor4d(sgn('x', [2, 3, 5, 12]), [2, 3, 5, 12]);
  tf.tidy(() => {
    const conv = (v: tf.Tensor4D, name: string) =>
      tf.add(tf.conv2d(v, part(`${name}.weight`) as tf.Tensor4D, 1, 'same'), part(`${name}.bias`)) as tf.Tensor4D;
    const y = layer.forward(x);
    expect(y.shape).toEqual([2, 3, 5, 8]);
    expectClose(y.dataSync(), conv(tf.relu(conv(x, '0')), '2').dataSync(), 1e-5);
  });
  x.dispose();
  layer.dispose();
});

test('its parameters have the names and shapes of MMDetection; biases start at zero but for the one given', () => {
  const layer = new AlignmentPredictor({ ...config, biasInit: constant(-4) });
  expect([...layer.named()].map(([name, p]) => [name, torchShape(p)])).toEqual([
    ['0.weight', [4, 12, 1, 1]],
    ['0.bias', [4]],
    ['2.weight', [8, 4, 3, 3]],
    ['2.bias', [8]],
  ]);
  layer.initWeights(Random.seeded(1));
  const state = layer.stateDict();
  expect([...state.get('0.bias')!.data]).toEqual(new Array(4).fill(0));
  expect([...state.get('2.bias')!.data]).toEqual(new Array(8).fill(-4));
  const spread = Math.hypot(...state.get('2.weight')!.data) / Math.sqrt(288);
  expect(Math.abs(spread / 0.001 - 1)).toBeLessThan(0.2);
  layer.dispose();
});
