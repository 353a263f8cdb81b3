// The stem of a residual network: a 7x7 convolution (`conv1`, `bn1`), or three 3x3 ones (`deep`,
// ResNet-C and -D: `stem.0` to `stem.7`), then a 3x3 max pooling, stride 4 in all; RegNet's is one 3x3 of stride 2.

import * as tf from '@tensorflow/tfjs';
import { buildConv } from '../../nn/build-conv';
import { convNorm, type Norm } from '../../nn/conv-norm';
import type { Conv2d } from '../../nn/conv2d';
import { kaiming } from '../../nn/initializers';
import { buildNorm, type ConvCfg, type NormCfg } from '../../nn/layer-options';
import type { Module } from '../../nn/module';
import { maxPool2d } from '../../ops/max-pool2d';

export interface Stem {
  /** The modules by their names in the backbone. */
  modules: [string, Module][];
  stride: number;
  forward(x: tf.Tensor4D): tf.Tensor4D;
}

export interface StemConfig {
  kind: 'plain' | 'deep' | 'regnet';
  inChannels: number;
  channels: number;
  convCfg: ConvCfg | null;
  normCfg: NormCfg;
}

export function buildStem({ kind, inChannels, channels, convCfg, normCfg }: StemConfig): Stem {
  const steps: [Conv2d, Norm][] = [];
  const modules: [string, Module][] = [];
  const add = (names: [string, (norm: string) => string], from: number, to: number, size: number, stride: number) => {
    const config = { inChannels: from, outChannels: to, kernelSize: size, stride, padding: (size - 1) / 2 };
    const conv = buildConv(convCfg, { ...config, bias: false, init: kaiming() });
    const { name, norm } = buildNorm(normCfg, to);
    steps.push([conv, norm]);
    modules.push([names[0], conv], [names[1](name), norm]);
  };
  if (kind === 'deep') {
    const half = Math.floor(channels / 2);
    add(['stem.0', () => 'stem.1'], inChannels, half, 3, 2);
    add(['stem.3', () => 'stem.4'], half, half, 3, 1);
    add(['stem.6', () => 'stem.7'], half, channels, 3, 1);
  } else add(['conv1', (name) => `${name}1`], inChannels, channels, kind === 'plain' ? 7 : 3, 2);
  return {
    modules,
    stride: kind === 'regnet' ? 2 : 4,
    forward: (x) =>
      tf.tidy(() => {
        let y = x;
        for (const [conv, norm] of steps) y = convNorm(conv, norm, y, { activation: 'relu' });
        return kind === 'regnet' ? y : maxPool2d(y, { size: [3, 3], strides: [2, 2], padding: [1, 1] });
      }),
  };
}
