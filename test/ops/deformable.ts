// Deformable convolution and attention against mmcv and the authors: the stored cases and how each is checked.

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { hasKernel } from '../../src/ops/kernel';
import { expectClose, goldenJson, maxDifference, nchw, nhwc, sgn } from '../golden-data';

interface Case {
  shape: number[];
  out: number[];
  grads: Record<string, number[]>;
}
export interface Convolution extends Case {
  modulated: boolean;
  options: {
    kernel: number;
    deform_groups: number;
    spread: number;
    input: number[];
    padding?: number;
    stride?: number;
    dilation?: number;
    groups?: number;
  };
}
export interface Pack extends Case {
  input: number[];
  out_channels: number;
  options: { deform_groups?: number; stride?: number; groups?: number; bias?: boolean };
  order: string[];
}
export interface Attention extends Case {
  options: {
    n: number;
    queries: number;
    heads: number;
    width: number;
    points: number;
    shapes: [number, number][];
  };
}
export const reference = goldenJson<{
  convolutions: Convolution[];
  packs: Record<string, Pack>;
  attentions: Attention[];
}>('deformable');

const KERNELS = ['DetDeformConv2D', 'DetDeformAttention'];

/** Runs `f` as an engine without the kernels would. */
export function onFallback(f: () => void): void {
  const backend = tf.getBackend();
  const configs = KERNELS.map((name) => tf.getKernel(name, backend)).filter((config) => config !== undefined);
  for (const { kernelName } of configs) tf.unregisterKernel(kernelName, backend);
  try {
    f();
  } finally {
    for (const config of configs) tf.registerKernel(config);
  }
}

/** There the torch engine composes both of ATen operations, as it does on other devices than the CPU. */
export function nested(f: () => void): void {
  if (!hasKernel('DetDeformConv2D')) {
    f();
    return;
  }
  tf.tidy(() => {
    tf.grad((x) => {
      f();
      return tf.sum(tf.square(x));
    })(tf.ones([2]));
  });
}

export function closeTo(actual: ArrayLike<number>, expected: number[], what: string): void {
  const largest = maxDifference(expected, new Float32Array(expected.length));
  expectClose(actual, expected, 1e-5 * Math.max(1, largest), what);
}

export const torchFilter = (t: tf.Tensor) => tf.tidy(() => tf.transpose(t, [3, 2, 0, 1]).dataSync<'float32'>().slice());

/** Values and gradients of sum(f * g) against the stored ones, each input by its name, maps and filters in torch's order. */
export function checkDeformable(
  f: (inputs: Record<string, tf.Tensor>) => tf.Tensor,
  inputs: Record<string, tf.Tensor>,
  want: Case,
): void {
  const names = Object.keys(inputs);
  const image = want.shape.length === 4;
  const flat = (t: tf.Tensor) => (image ? nchw(t) : t.dataSync<'float32'>().slice());
  const run = () =>
    tf.tidy(() => {
      closeTo(flat(f(inputs)), want.out, 'output');
      const values = sgn('g', want.shape);
      const g = image ? nhwc({ shape: want.shape, data: values }) : tf.tensor(values, want.shape);
      const loss = (...leaves: tf.Tensor[]) =>
        tf.sum(tf.mul(f(Object.fromEntries(names.map((n, i) => [n, leaves[i]]))), g)) as tf.Scalar;
      const grads = tf.grads(loss)(names.map((n) => inputs[n]));
      for (const [i, name] of names.entries()) {
        const found =
          name === 'weight'
            ? torchFilter(grads[i])
            : image && grads[i].rank === 4
              ? nchw(grads[i])
              : grads[i].dataSync();
        closeTo(found, want.grads[name], `gradient of ${name}`);
      }
    });
  run();
  const before = tf.memory().numTensors;
  run();
  expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
}
