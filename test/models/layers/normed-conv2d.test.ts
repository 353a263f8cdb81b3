// NormedConv2d against MMDetection's, also where all channels are 0; and as the class predictor of FCOSHead.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { catalogue } from '../../../src/lab/catalogue';
import { FCOSHead } from '../../../src/models/dense-heads';
import { NormedConv2d } from '../../../src/models/layers/normed-conv2d';
import { Random } from '../../../src/random';
import { goldenJson } from '../../golden-data';
import { expectStartingValues } from '../../starting-values';

beforeAll(() => startEngine());
type Values = Record<'out' | 'grad' | 'grad_weight', number[]>;
const { normed_conv } = goldenJson<{ normed_conv: Record<'position' | 'kernel', Values> }>('legal_options');

/** Values by formula in torch's layout [N, C, H, W], as [N, H, W, C]. */
function row(shape: [number, number, number, number]): tf.Tensor4D {
  const count = shape.reduce((a, b) => a * b);
  const values = Float32Array.from({ length: count }, (_, i) => Math.sin(-1 + (2 * i) / (count - 1)));
  return tf.transpose(tf.tensor4d(values, shape), [0, 2, 3, 1]);
}

test.each(['position', 'kernel'] as const)('outputs and gradients with one norm per %s', (over) => {
  const layer = new NormedConv2d({
    inChannels: 2,
    outChannels: 3,
    kernelSize: [1, 3],
    padding: [0, 1],
    temperature: 15,
    power: 1.5,
    eps: 1e-4,
    normOverKernel: over === 'kernel',
  });
  const { weight, bias } = layer;
  weight.variable.assign(tf.mul(tf.transpose(row([3, 2, 1, 3]), [1, 2, 3, 0]), 0.3)); // OHWI -> HWIO
  bias!.variable.assign(tf.mul(tf.reshape(row([3, 1, 1, 1]), [3]), 0.1));
  const isZero = tf.tensor4d([1, 0, 1, 1, 1, 1, 1, 1], [1, 2, 4, 1]);
  const x = tf.variable(tf.mul(tf.add(row([1, 2, 2, 4]), 0.2), isZero) as tf.Tensor4D);
  const loss = () => tf.sum<tf.Scalar>(tf.mul(layer.forward(x), row([1, 3, 2, 4])));
  const { grads } = tf.variableGrads(loss, [x, weight.variable]);
  const found = {
    out: tf.transpose(layer.forward(x), [0, 3, 1, 2]),
    grad: tf.transpose(grads[x.name], [0, 3, 1, 2]),
    grad_weight: tf.transpose(grads[weight.variable.name], [3, 2, 0, 1]),
  };
  for (const [name, tensor] of Object.entries(found)) {
    const expected = normed_conv[over][name as keyof Values];
    const values = tensor.dataSync();
    expect(values.length).toBe(expected.length);
    for (const [i, value] of expected.entries())
      expect(Math.abs(values[i] - value), `${name} ${i}`).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
  }
  tf.dispose([found, grads]);
  layer.dispose();
});

test.each(['NormedConv2d', 'NormedLinear'])(
  'FCOSHead predicts classes with it, by a 1x1 convolution: type %s',
  (type) => {
    const config = {
      type: 'FCOSHead',
      num_classes: 30,
      in_channels: 32,
      feat_channels: 64,
      cls_predictor_cfg: { type },
    };
    const head = catalogue.build('dense_head', config, { path: 'bbox_head' }) as FCOSHead;
    expect(head).toBeInstanceOf(FCOSHead);
    const normal = 0.01 * Math.sqrt(2 * Math.log(30 * 64));
    expectStartingValues(head, { 'conv_cls.weight': [0, 0.01, normal] });
    head.initWeights(Random.seeded(0));
    expect(head.stateDict().get('conv_cls.weight')?.shape).toEqual([30, 64, 1, 1]);
    head.dispose();
  },
);
