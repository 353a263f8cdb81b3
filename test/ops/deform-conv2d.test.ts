// Deformable convolution against mmcv: on the engine's kernel, on the fallback, and inside another gradient.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { buildConv } from '../../src/nn/build-conv';
import { deformConv2d } from '../../src/ops/deform-conv2d';
import { nhwc, sgn } from '../golden-data';
import { type Convolution, checkDeformable, nested, onFallback, reference } from './deformable';

beforeAll(async () => void (await startEngine()));

function convolutionInputs({ modulated, options, grads, shape }: Convolution): Record<string, tf.Tensor> {
  const [n, cin, h, w] = options.input;
  const { kernel, groups = 1, deform_groups: parts, spread } = options;
  const [, outputs, height, width] = shape;
  const filter = sgn('w', [outputs, cin / groups, kernel, kernel]);
  const taps = kernel * kernel * parts;
  const inputs: Record<string, tf.Tensor> = {
    x: nhwc({ shape: [n, cin, h, w], data: sgn('x', [n, cin, h, w]) }),
    offset: nhwc({
      shape: [n, 2 * taps, height, width],
      data: sgn('o', [n, 2 * taps, height, width], spread, 0.013),
    }),
    weight: tf.tidy(() => tf.transpose(tf.tensor4d(filter, [outputs, cin / groups, kernel, kernel]), [2, 3, 1, 0])),
  };
  if (modulated) {
    const maskShape = [n, taps, height, width];
    inputs.mask = nhwc({ shape: maskShape, data: sgn('m', maskShape, 0.5, 0.5) });
    inputs.bias = tf.tensor1d(sgn('b', [outputs]));
  }
  expect(Object.keys(inputs).sort()).toEqual(Object.keys(grads).sort());
  return inputs;
}

function checkConvolution(want: Convolution): void {
  const { padding = 0, stride = 1, dilation = 1, groups, deform_groups: deformGroups } = want.options;
  const inputs = convolutionInputs(want);
  checkDeformable(
    ({ x, offset, weight, mask, bias }) =>
      deformConv2d(x as tf.Tensor4D, offset as tf.Tensor4D, weight as tf.Tensor4D, {
        strides: [stride, stride],
        padding: [padding, padding],
        dilations: [dilation, dilation],
        groups,
        deformGroups,
        mask: mask as tf.Tensor4D | undefined,
        bias,
      }),
    inputs,
    want,
  );
  tf.dispose(inputs);
}

describe.each(reference.convolutions.map((want) => [JSON.stringify([want.modulated, want.options]), want] as const))(
  'deformable convolution %s',
  (_, want) => {
    test('on the engine', () => checkConvolution(want));
    test('on the fallback', () => onFallback(() => checkConvolution(want)));
    test('inside another gradient', () => nested(() => checkConvolution(want)));
  },
);

test('a shape that does not fit names what was expected', () => {
  tf.tidy(() => {
    const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 4]);
    const filter = tf.zeros<tf.Rank.R4>([3, 3, 4, 2]);
    const offset = tf.zeros<tf.Rank.R4>([1, 4, 4, 18]);
    expect(() => deformConv2d(x, tf.zeros([1, 4, 4, 9]), filter, { padding: [1, 1] })).toThrow(
      /expected an offset of shape \[1,4,4,18\], received \[1,4,4,9\]/,
    );
    expect(() => deformConv2d(x, offset, filter, { padding: [1, 1], mask: offset })).toThrow(/a mask of shape/);
    expect(() => deformConv2d(x, offset, filter, { deformGroups: 3 })).toThrow(
      /divisible by deformGroups 3, received 4/,
    );
    expect(() => deformConv2d(tf.zeros([1, 2, 2, 4]), offset, filter)).toThrow(/smaller than the filter/);
    expect(() => buildConv({ type: 'DCN' }, { inChannels: 4, outChannels: 4, kernelSize: 3, bias: true })).toThrow(
      /DCN with a bias/,
    );
  });
});
