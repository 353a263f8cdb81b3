// What stands before ResNet's first stage: a 7x7 convolution (`conv1`, `bn1`), or with `deepStem` (ResNet-C / -D) three 3x3
// ones (`stem.0` to `stem.7`), then a 3x3 max pooling: stride 4 in all.

import * as tf from '@tensorflow/tfjs';
import { convNorm, type Norm } from '../../nn/conv-norm';
import { Conv2d } from '../../nn/conv2d';
import { kaiming } from '../../nn/initializers';
import { buildNorm, type NormCfg } from '../../nn/layer-options';
import type { Module } from '../../nn/module';
import { maxPool2d } from '../../ops/max-pool2d';

export interface Stem {
  /** The modules by their names in the backbone. */
  modules: [string, Module][];
  forward(x: tf.Tensor4D): tf.Tensor4D;
}

export function buildStem(inChannels: number, channels: number, deepStem: boolean, normCfg: NormCfg): Stem {
  const steps: [Conv2d, Norm][] = [];
  const modules: [string, Module][] = [];
  const add = (names: [string, (norm: string) => string], from: number, to: number, size: number, stride: number) => {
    const config = { inChannels: from, outChannels: to, kernelSize: size, stride, padding: (size - 1) / 2 };
    const conv = new Conv2d({ ...config, bias: false, init: kaiming() });
    const { name, norm } = buildNorm(normCfg, to);
    steps.push([conv, norm]);
    modules.push([names[0], conv], [names[1](name), norm]);
  };
  if (deepStem) {
    const half = Math.floor(channels / 2);
    add(['stem.0', () => 'stem.1'], inChannels, half, 3, 2);
    add(['stem.3', () => 'stem.4'], half, half, 3, 1);
    add(['stem.6', () => 'stem.7'], half, channels, 3, 1);
  } else add(['conv1', (name) => `${name}1`], inChannels, channels, 7, 2);
  return {
    modules,
    forward: (x) =>
      tf.tidy(() => {
        let y = x;
        for (const [conv, norm] of steps) y = convNorm(conv, norm, y, { activation: 'relu' });
        return maxPool2d(y, { size: [3, 3], strides: [2, 2], padding: [1, 1] });
      }),
  };
}
