// Deformable layers that predict their offsets against mmcv.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { buildConv } from '../../src/nn/build-conv';
import type { Module } from '../../src/nn/module';
import { Random } from '../../src/random';
import { nchw, nhwc, sgn } from '../golden-data';
import { closeTo, reference, torchFilter } from '../ops/deformable';

beforeAll(async () => void (await startEngine()));

describe.each(Object.entries(reference.packs))('layer %s', (name, want) => {
  const type = name.split(' ')[0] as 'DCN' | 'DCNv2';
  const { deform_groups, stride, groups, bias } = want.options;
  const build = () =>
    buildConv(deform_groups ? { type, deform_groups } : { type }, {
      inChannels: want.input[1],
      outChannels: want.out_channels,
      kernelSize: 3,
      padding: 1,
      stride,
      groups,
      bias: type === 'DCN' ? false : bias,
    });
  test('equals mmcv with the offsets it predicts', () => {
    const layer = build();
    const state = layer.stateDict();
    expect([...state.keys()]).toEqual(want.order);
    for (const [key, tensor] of state) state.set(key, { ...tensor, data: sgn(key, tensor.shape, 0.3) });
    layer.loadStateDict(state);
    const x = nhwc({ shape: want.input, data: sgn('x', want.input) });
    closeTo(nchw(layer.forward(x)), want.out, 'output');
    const variables = layer.trainable().map(([, p]) => p.variable);
    const g = nhwc({ shape: want.shape, data: sgn('g', want.shape) });
    const { grads } = tf.variableGrads(() => tf.sum(tf.mul(layer.forward(x), g)) as tf.Scalar, variables);
    for (const [key, p] of layer.named()) {
      const grad = grads[p.variable.name];
      const found = grad.rank === 4 ? torchFilter(grad) : grad.dataSync();
      closeTo(found, want.grads[key], `gradient of ${key}`);
    }
    layer.dispose();
  });

  test('starts as a plain convolution', () => {
    const layer: Module = build();
    layer.initWeights(Random.seeded(1));
    const state = layer.stateDict();
    const largest = (key: string) => Math.max(...(state.get(key)?.data ?? [0]).map(Math.abs));
    expect(largest('conv_offset.weight') + largest('conv_offset.bias') + largest('bias')).toBe(0);
    const perOutput = (want.input[1] / (groups ?? 1)) * 9;
    const bound = type === 'DCN' ? Math.sqrt(6 / perOutput) : 1 / Math.sqrt(want.input[1] * 9);
    expect(largest('weight')).toBeLessThanOrEqual(bound * 1.000001);
    expect(largest('weight')).toBeGreaterThan(bound * 0.9);
    layer.dispose();
  });
});
