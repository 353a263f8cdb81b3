// HRFPN (Sun et al., 2019): all levels of an HRNet at the finest resolution, one convolution over them, then a pyramid by pooling.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { interpolate } from '../../ops/interpolate';
import { maxPool2d } from '../../ops/max-pool2d';
import type { FeatureSpec, Neck } from '../types';
import { inferInChannels } from './infer-in-channels';

const options = z.strictObject({
  in_channels: z.array(z.int().positive()).min(1).optional().describe('Channels of each backbone level'),
  out_channels: z.int().positive().describe('Channels of every output level'),
  num_outs: z.int().positive().default(5).describe('Number of output levels'),
  pooling_type: z.enum(['AVG', 'MAX']).default('AVG').describe('Pooling that makes the coarser levels'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: ignoredOption('as in MMDetection, its convolutions have no norm', {
    schema: normCfg.nullable().default(null),
  }),
  with_cp: ignoredOption('activations are kept for the backward pass', { schema: z.boolean().default(false) }),
  stride: z.int().positive().default(1).describe('Stride of the last convolutions'),
  init_cfg: initCfg
    .nullable()
    .default({ type: 'Caffe2Xavier', layer: 'Conv2d' })
    .describe('Weight initialisation of the output convolutions'),
});
type Options = z.output<typeof options> & { in_channels: number[] };

/**
 * @example new HRFPN({ ...hrFpn.options.parse({ out_channels: 256 }), in_channels: [18, 36, 72, 144] })
 */
export class HRFPN extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly reduction: ConvModule;
  private readonly fpnConvs: ModuleList<ConvModule>;

  constructor(
    private readonly options: Options,
    inputs?: FeatureSpec[],
  ) {
    super();
    const { in_channels, out_channels: outChannels, num_outs, conv_cfg: convCfg, stride } = options;
    const total = in_channels.reduce((a, b) => a + b, 0);
    this.reduction = this.addChild(
      'reduction_conv',
      new ConvModule({ inChannels: total, outChannels, kernelSize: 1, convCfg, actCfg: null }),
    );
    const conv = { inChannels: outChannels, outChannels, kernelSize: 3, padding: 1, stride, convCfg, actCfg: null };
    this.fpnConvs = this.addChild(
      'fpn_convs',
      new ModuleList(Array.from({ length: num_outs }, () => new ConvModule(conv))),
    );
    const finest = inputs?.[0].stride ?? 4;
    this.outputs = Array.from({ length: num_outs }, (_, i) => ({
      channels: outChannels,
      stride: finest * stride * 2 ** i,
    }));
    applyInitCfg(this, options.init_cfg, [this.reduction]);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const large = inputs.map((x, i) => (i === 0 ? x : interpolate(x, { scaleFactor: 2 ** i, mode: 'bilinear' })));
      const joined = this.reduction.forward(tf.concat(large, 3));
      return [...this.fpnConvs].map((conv, i) => conv.forward(i === 0 ? joined : this.pool(joined, 2 ** i)));
    });
  }

  private pool(x: tf.Tensor4D, size: number): tf.Tensor4D {
    if (this.options.pooling_type === 'MAX') return maxPool2d(x, { size: [size, size] });
    return tf.avgPool(x, size, size, 'valid');
  }
}

export const hrFpn = defineModule({
  kind: 'neck',
  type: 'HRFPN',
  summary: 'Concatenates all levels at the finest resolution and pools a pyramid from the result.',
  paper: 'Sun et al.: High-Resolution Representations for Labeling Pixels and Regions, 2019',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_outs levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'HRFPN', out_channels: 256 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer(given, context) {
    const strides = context.inputs?.map((level) => level.stride);
    if (strides?.some((stride, i) => stride !== strides[0] * 2 ** i))
      throw new DetLabError(
        `Cannot attach neck "HRFPN" at ${context.path}: it enlarges level i by 2^i, so it expects strides ` +
          `[${strides.map((_, i) => strides[0] * 2 ** i).join(', ')}], received [${strides.join(', ')}]. ` +
          "Change the backbone's out_indices",
      );
    return inferInChannels('HRFPN', given, context);
  },
  build: (o, { inputs }) => new HRFPN({ ...o, in_channels: o.in_channels! }, inputs),
});
