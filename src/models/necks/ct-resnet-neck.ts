// CenterNet's neck on ResNet (Zhou et al., Objects as Points, 2019): the coarsest level upsampled step by step, each by a
// (deformable) 3x3 convolution and a transposed one of stride 2.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { BatchNorm2d } from '../../nn/batch-norm2d';
import { ConvModule } from '../../nn/conv-module';
import { ConvTranspose2d } from '../../nn/conv-transpose2d';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { type Initializer, torchDefault } from '../../nn/initializers';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import type { FeatureSpec, Neck } from '../types';
import { expectLevels, inferSingleChannels } from './infer-single-channels';

const options = z.strictObject({
  in_channels: z.int().positive().optional().describe('Channels of the coarsest backbone level'),
  num_deconv_filters: z.array(z.int().positive()).min(1).describe('Channels of each step'),
  num_deconv_kernels: z.array(z.int().positive()).min(1).describe('Kernel size of each transposed convolution'),
  use_dcn: z.boolean().default(true).describe('Deformable convolutions (v2) in place of plain ones'),
  init_cfg: ignoredOption('as in MMDetection, its layers start by themselves', {
    schema: initCfg.nullable().default(null),
  }),
});
type Options = z.output<typeof options> & { in_channels: number };

/** PyTorch's start, then bilinear enlargement as the first output channel's filter of every input (as MMDetection does). */
const bilinearFirst: Initializer = (shape, random) => {
  const values = torchDefault(shape, random);
  const [kh, kw, outputs, inputs] = shape;
  const f = Math.ceil(kh / 2);
  const center = (2 * f - 1 - (f % 2)) / (2 * f);
  const weight = (i: number) => 1 - Math.abs(i / f - center);
  for (let i = 0; i < kh; i++)
    for (let j = 0; j < kw; j++)
      for (let c = 0; c < inputs; c++) values[(i * kw + j) * outputs * inputs + c] = weight(i) * weight(j);
  return values;
};

/** Transposed convolution, batch norm, ReLU. */
class Enlarge extends Module {
  private readonly conv: ConvTranspose2d;
  private readonly bn: BatchNorm2d;

  constructor(channels: number, kernelSize: number) {
    super();
    const shape = { inChannels: channels, outChannels: channels, kernelSize, stride: 2, padding: 1 };
    this.conv = this.addChild('conv', new ConvTranspose2d({ ...shape, bias: false, init: bilinearFirst }));
    this.bn = this.addChild('bn', new BatchNorm2d({ channels }));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.bn.forward(this.conv.forward(x), { activation: 'relu' }));
  }
}

/**
 * @example new CTResNetNeck({ in_channels: 512, num_deconv_filters: [256, 128, 64], num_deconv_kernels: [4, 4, 4], use_dcn: false, init_cfg: null })
 */
export class CTResNetNeck extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly layers: ModuleList<ConvModule | Enlarge>;

  constructor(options: Options, inputs?: FeatureSpec[]) {
    super();
    const { num_deconv_filters: filters, num_deconv_kernels: kernels, use_dcn } = options;
    this.layers = this.addChild('deconv_layers', new ModuleList());
    let inChannels = options.in_channels;
    for (const [i, channels] of filters.entries()) {
      const shape = { inChannels, outChannels: channels, kernelSize: 3, padding: 1 };
      const conv = new ConvModule({ ...shape, convCfg: use_dcn ? { type: 'DCNv2' } : null, normCfg: { type: 'BN' } });
      if (!use_dcn) conv.conv.weight.initializer = torchDefault;
      this.layers.push(conv);
      this.layers.push(new Enlarge(channels, kernels[i]));
      inChannels = channels;
    }
    this.outputs = [{ channels: inChannels, stride: (inputs?.at(-1)?.stride ?? 32) / 2 ** filters.length }];
    applyInitCfg(this, options.init_cfg, [this.layers]);
  }

  /** The coarsest of the backbone's levels -> one level, 2^steps times as large. */
  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      let y = inputs[inputs.length - 1];
      for (const layer of this.layers) y = layer.forward(y);
      return [y];
    });
  }
}

export const ctResNetNeck = defineModule({
  kind: 'neck',
  type: 'CTResNetNeck',
  summary: 'Upsamples the coarsest level step by step to one fine level.',
  paper: 'Zhou, Wang and Krähenbühl: Objects as Points, 2019',
  shapes: '[N, H/32, W/32, in_channels] -> one level, with three steps [N, H/4, W/4, num_deconv_filters[2]]',
  example:
    "{ type: 'CTResNetNeck', num_deconv_filters: [256, 128, 64], num_deconv_kernels: [4, 4, 4], use_dcn: false }",
  options,
  inferred: { in_channels: 'the channels of the coarsest backbone level' },
  infer(o, context) {
    const steps = o.num_deconv_filters.length;
    expectLevels(
      'CTResNetNeck',
      context.path,
      steps,
      o.num_deconv_kernels.length,
      'num_deconv_kernels, one for each of num_deconv_filters',
    );
    return inferSingleChannels('CTResNetNeck', o, context, 'last');
  },
  build: (o, { inputs }) => new CTResNetNeck(o as Options, inputs),
});
