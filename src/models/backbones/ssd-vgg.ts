// VGG (Simonyan and Zisserman, ICLR 2015) as SSD's backbone (Liu et al., ECCV 2016): the classifier's first two layers became
// a dilated 3x3 and a 1x1 convolution after an unstrided pooling. Layers carry their index in VGG's list as name.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { Conv2d } from '../../nn/conv2d';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { kaiming, zeros } from '../../nn/initializers';
import { Module } from '../../nn/module';
import { maxPool2d } from '../../ops/max-pool2d';
import type { Backbone, FeatureSpec } from '../types';
import { pretrainedOption, readPretrained } from './residual-options';

const DEPTHS = { 11: [1, 1, 2, 2, 2], 13: [2, 2, 2, 2, 2], 16: [2, 2, 3, 3, 3], 19: [2, 2, 4, 4, 4] } as const;

const options = z.strictObject({
  depth: z
    .union([z.literal(11), z.literal(13), z.literal(16), z.literal(19)], { error: 'expected 11, 13, 16 or 19' })
    .describe('VGG depth: 11, 13, 16 or 19'),
  with_last_pool: z.boolean().default(false).describe('Keep the pooling layer after the last stage'),
  ceil_mode: z.boolean().default(true).describe('Ceil mode of the poolings'),
  out_indices: ignoredOption('as in MMDetection, out_feature_indices decides', {
    schema: z.array(z.int()).default([3, 4]),
  }),
  out_feature_indices: z
    .array(z.int().min(0))
    .min(1)
    .default([22, 34])
    .describe('Indices of the layers returned, counting activations and poolings'),
  pretrained: pretrainedOption,
  init_cfg: initCfg
    .nullable()
    .default(null)
    .describe('Weight initialisation; null: Kaiming for convolutions, constant for norms'),
  input_size: ignoredOption('SSDNeck has the layers that it chose', { schema: z.int().nullish() }),
  l2_norm_scale: ignoredOption('it is an option of SSDNeck', { schema: z.number().nullish() }),
});
export type SSDVGGOptions = z.output<typeof options>;

type Layer = { conv: Conv2d } | { pool: { size: number; stride: number; padding: number } } | 'relu';

/**
 * @example new SSDVGG(ssdVgg.options.parse({ depth: 16 })).forward(images) // strides 8 and 16
 */
export class SSDVGG extends Module implements Backbone {
  readonly outputs: FeatureSpec[] = [];
  private readonly layers: Layer[] = [];

  constructor(private readonly options: SSDVGGOptions) {
    super();
    const { depth, with_last_pool, out_feature_indices, init_cfg } = options;
    let channels = 3;
    const conv = (outChannels: number, kernelSize: number, dilation = 1) => {
      const padding = kernelSize === 1 ? 0 : dilation;
      const sizes = { inChannels: channels, outChannels, kernelSize, padding, dilation };
      const layer = new Conv2d({ ...sizes, init: kaiming(), biasInit: zeros });
      this.layers.push({ conv: this.addChild(`features.${this.layers.length}`, layer) }, 'relu');
      channels = outChannels;
    };
    for (const [stage, count] of DEPTHS[depth].entries()) {
      for (let i = 0; i < count; i++) conv(Math.min(64 * 2 ** stage, 512), 3);
      if (stage < 4 || with_last_pool) this.layers.push({ pool: { size: 2, stride: 2, padding: 0 } });
    }
    this.layers.push({ pool: { size: 3, stride: 1, padding: 1 } });
    conv(1024, 3, 6);
    conv(1024, 1);
    const beyond = out_feature_indices.find((i) => i >= this.layers.length);
    if (beyond !== undefined)
      throw new DetLabError(
        `Cannot build backbone "SSDVGG": out_feature_indices names layer ${beyond}, but depth ${depth} has layers 0 to ${this.layers.length - 1}`,
      );
    let stride = 1;
    let width = 3;
    for (const [i, layer] of this.layers.entries()) {
      if (layer !== 'relu' && 'pool' in layer) stride *= layer.pool.stride;
      if (layer !== 'relu' && 'conv' in layer) width = layer.conv.outChannels;
      if (out_feature_indices.includes(i)) this.outputs.push({ channels: width, stride });
    }
    applyInitCfg(this, init_cfg);
  }

  /** [N, H, W, 3] -> the outputs of the layers `out_feature_indices`. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return tf.tidy(() => {
      const { out_feature_indices: outIndices, ceil_mode } = this.options;
      const outputs: tf.Tensor4D[] = [];
      let y = x;
      for (const [i, layer] of this.layers.entries()) {
        // an activation runs with its convolution; in the reference it is in place, so both indices give the same
        if (layer !== 'relu' && 'conv' in layer) y = layer.conv.forward(y, { activation: 'relu' });
        else if (layer !== 'relu') {
          const { size, stride, padding } = layer.pool;
          const ceilMode = ceil_mode && stride === 2;
          y = maxPool2d(y, { size: [size, size], strides: [stride, stride], padding: [padding, padding], ceilMode });
        }
        if (outIndices.includes(i)) outputs.push(y);
      }
      return outputs;
    });
  }
}

export const ssdVgg = defineModule({
  kind: 'backbone',
  type: 'SSDVGG',
  summary: 'VGG with its fully connected layers converted to convolutions, the backbone of SSD.',
  paper: 'Liu, Anguelov, Erhan, Szegedy, Reed, Fu and Berg: SSD: Single Shot MultiBox Detector, ECCV 2016',
  shapes: '[N, H, W, 3] -> [N, H/8, W/8, 512], [N, H/16, W/16, 1024]; sizes round up',
  example: "{ type: 'SSDVGG', depth: 16, out_feature_indices: [22, 34] }",
  options,
  infer: (o) => readPretrained('SSDVGG', o),
  build: (o) => new SSDVGG(o),
});
