// Dilated encoder (Chen et al., YOLOF, CVPR 2021): the coarsest level only, with many receptive fields through dilated
// residual blocks.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { BatchNorm2d } from '../../nn/batch-norm2d';
import { ConvModule } from '../../nn/conv-module';
import { convNorm } from '../../nn/conv-norm';
import { Conv2d } from '../../nn/conv2d';
import { applyInitCfg } from '../../nn/init-cfg';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import type { FeatureSpec, Neck } from '../types';
import { expectLevels, inferSingleChannels } from './infer-single-channels';

const options = z.strictObject({
  in_channels: z.int().positive().optional().describe('Channels of the coarsest backbone level'),
  out_channels: z.int().positive().describe('Channels of the output'),
  block_mid_channels: z.int().positive().describe('Channels inside the residual blocks'),
  num_residual_blocks: z.int().positive().describe('Number of residual blocks'),
  block_dilations: z.array(z.int().positive()).describe('Dilation of each block'),
});
type Options = z.output<typeof options> & { in_channels: number };

class Block extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;
  private readonly conv3: ConvModule;

  constructor(channels: number, mid: number, dilation: number) {
    super();
    const conv = (inChannels: number, outChannels: number, kernelSize: number) =>
      new ConvModule({
        ...{ inChannels, outChannels, kernelSize, normCfg: { type: 'BN' } },
        ...(kernelSize === 3 ? { padding: dilation, dilation } : {}),
      });
    this.conv1 = this.addChild('conv1', conv(channels, mid, 1));
    this.conv2 = this.addChild('conv2', conv(mid, mid, 3));
    this.conv3 = this.addChild('conv3', conv(mid, channels, 1));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.conv3.forward(this.conv2.forward(this.conv1.forward(x)), { residual: x }));
  }
}

/**
 * @example new DilatedEncoder({ in_channels: 2048, out_channels: 512, block_mid_channels: 128, num_residual_blocks: 4, block_dilations: [2, 4, 6, 8] })
 */
export class DilatedEncoder extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly lateralConv: Conv2d;
  private readonly lateralNorm: BatchNorm2d;
  private readonly fpnConv: Conv2d;
  private readonly fpnNorm: BatchNorm2d;
  private readonly blocks: Sequential<Block>;

  constructor(options: Options, inputs?: FeatureSpec[]) {
    super();
    const { in_channels, out_channels: channels, block_mid_channels, num_residual_blocks, block_dilations } = options;
    this.lateralConv = this.addChild(
      'lateral_conv',
      new Conv2d({ inChannels: in_channels, outChannels: channels, kernelSize: 1 }),
    );
    this.lateralNorm = this.addChild('lateral_norm', new BatchNorm2d({ channels }));
    this.fpnConv = this.addChild(
      'fpn_conv',
      new Conv2d({ inChannels: channels, outChannels: channels, kernelSize: 3, padding: 1 }),
    );
    this.fpnNorm = this.addChild('fpn_norm', new BatchNorm2d({ channels }));
    applyInitCfg(this, { type: 'Caffe2Xavier', layer: 'Conv2d' });
    this.blocks = this.addChild(
      'dilated_encoder_blocks',
      new Sequential(
        block_dilations
          .slice(0, num_residual_blocks)
          .map((dilation) => new Block(channels, block_mid_channels, dilation)),
      ),
    );
    applyInitCfg(this.blocks, { type: 'Normal', std: 0.01, layer: 'Conv2d' });
    this.outputs = [{ channels, stride: inputs?.at(-1)?.stride ?? 32 }];
  }

  /** The coarsest of the backbone's levels -> one level. */
  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const lateral = convNorm(this.lateralConv, this.lateralNorm, inputs[inputs.length - 1]);
      return [this.blocks.forward(convNorm(this.fpnConv, this.fpnNorm, lateral))];
    });
  }
}

export const dilatedEncoder = defineModule({
  kind: 'neck',
  type: 'DilatedEncoder',
  summary: 'Single-level encoder: the coarsest level through residual blocks of growing dilation.',
  paper: 'Chen, Wang, Yang, Zhang, Cheng and Sun: You Only Look One-level Feature, CVPR 2021',
  shapes: '[N, H/32, W/32, in_channels] -> one level [N, H/32, W/32, out_channels]',
  example:
    "{ type: 'DilatedEncoder', out_channels: 512, block_mid_channels: 128, num_residual_blocks: 4, block_dilations: [2, 4, 6, 8] }",
  options,
  inferred: { in_channels: 'the channels of the coarsest backbone level' },
  infer(o, context) {
    const { num_residual_blocks: blocks, block_dilations: dilations } = o;
    if (dilations.length < blocks)
      expectLevels('DilatedEncoder', context.path, blocks, dilations.length, 'block_dilations (num_residual_blocks)');
    return inferSingleChannels('DilatedEncoder', o, context, 'last');
  },
  build: (o, { inputs }) => new DilatedEncoder(o as Options, inputs),
});
