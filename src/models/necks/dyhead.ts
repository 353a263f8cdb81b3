// Dynamic head (Dai et al., CVPR 2021): on every level spatial attention (deformable convolution of the level and its two
// neighbours), scale attention (a gate per map) and task attention (dynamic ReLU). It follows an FPN.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { Conv2d } from '../../nn/conv2d';
import { ModulatedDeformConv2d } from '../../nn/deform-conv2d';
import { GroupNorm } from '../../nn/group-norm';
import { normal, zeros } from '../../nn/initializers';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { DyReLU } from '../layers/dy-relu';
import { dynamicAttention, TAPS } from '../layers/dynamic-attention';
import type { FeatureSpec, Neck } from '../types';
import { inferSingleChannels } from './infer-single-channels';

const options = z.strictObject({
  in_channels: z.int().positive().optional().describe('Channels of every level'),
  out_channels: z.int().positive().describe('Channels of every output level, a multiple of 16'),
  num_blocks: z.int().positive().default(6).describe('Number of blocks'),
  zero_init_offset: z.boolean().default(true).describe('Offsets start from zero'),
  init_cfg: z
    .null({ error: 'cannot be given: this neck starts its parts in different ways' })
    .default(null)
    .describe('Must be null'),
});
type Options = z.output<typeof options> & { in_channels: number };

const GROUPS = 16;

/** Modulated deformable 3x3 convolution and a group norm. */
class DyDCNv2 extends Module {
  private readonly conv: ModulatedDeformConv2d;
  private readonly norm: GroupNorm;

  constructor(inChannels: number, outChannels: number, stride = 1) {
    super();
    const shape = { inChannels, outChannels, kernelSize: 3, stride, padding: 1, bias: false };
    this.conv = this.addChild('conv', new ModulatedDeformConv2d(shape));
    this.norm = this.addChild('norm', new GroupNorm({ channels: outChannels, groups: GROUPS }));
  }

  forward(x: tf.Tensor4D, offset: tf.Tensor4D, mask: tf.Tensor4D): tf.Tensor4D {
    return this.norm.forward(this.conv.forward(x, offset, mask));
  }
}

class Block extends Module {
  private readonly high: DyDCNv2;
  private readonly mid: DyDCNv2;
  private readonly low: DyDCNv2;
  private readonly offset: Conv2d;
  private readonly scale: Conv2d;
  private readonly task: DyReLU;

  constructor(inChannels: number, channels: number, zeroOffset: boolean) {
    super();
    const start = { init: normal(0.01), biasInit: zeros };
    this.high = this.addChild('spatial_conv_high', new DyDCNv2(inChannels, channels));
    this.mid = this.addChild('spatial_conv_mid', new DyDCNv2(inChannels, channels));
    this.low = this.addChild('spatial_conv_low', new DyDCNv2(inChannels, channels, 2));
    const offset = { inChannels, outChannels: 3 * TAPS, kernelSize: 3, padding: 1 };
    this.offset = this.addChild(
      'spatial_conv_offset',
      new Conv2d({ ...offset, ...start, ...(zeroOffset ? { init: zeros } : {}) }),
    );
    this.scale = this.addChild(
      'scale_attn_module.1',
      new Conv2d({ inChannels: channels, outChannels: 1, kernelSize: 1, ...start }),
    );
    this.task = this.addChild('task_attn_module', new DyReLU(channels));
    for (const [, part] of this.task.modules()) if (part instanceof Conv2d) part.weight.initializer = start.init;
  }

  forward(levels: tf.Tensor4D[]): tf.Tensor4D[] {
    return dynamicAttention(levels, {
      offset: (x) => this.offset.forward(x),
      high: (...given) => this.high.forward(...given),
      mid: (...given) => this.mid.forward(...given),
      low: (...given) => this.low.forward(...given),
      scale: (pooled) => this.scale.forward(pooled),
      task: (x) => this.task.forward(x),
    });
  }
}

/**
 * @example new DyHead({ in_channels: 256, out_channels: 256, num_blocks: 6, zero_init_offset: true, init_cfg: null })
 */
export class DyHead extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly blocks: ModuleList<Block>;

  constructor(options: Options, inputs?: FeatureSpec[]) {
    super();
    const { in_channels, out_channels: channels, num_blocks, zero_init_offset } = options;
    this.blocks = this.addChild(
      'dyhead_blocks',
      new ModuleList(
        Array.from(
          { length: num_blocks },
          (_, i) => new Block(i === 0 ? in_channels : channels, channels, zero_init_offset),
        ),
      ),
    );
    this.outputs =
      inputs?.map(({ stride }) => ({ channels, stride })) ??
      [8, 16, 32, 64, 128].map((stride) => ({ channels, stride }));
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => [...this.blocks].reduce((levels, block) => block.forward(levels), inputs));
  }
}

export const dyHead = defineModule({
  kind: 'neck',
  type: 'DyHead',
  summary: 'Spatial, scale and task attention on every level of a pyramid.',
  paper:
    'Dai, Chen, Xiao, Chen, Liu, Yuan and Zhang: Dynamic Head: Unifying Object Detection Heads with Attentions, CVPR 2021',
  shapes: 'levels [N, H/s, W/s, in_channels], each half the size of the one before -> the same of out_channels',
  example: "{ type: 'DyHead', in_channels: 256, out_channels: 256, num_blocks: 6 }",
  options,
  inferred: { in_channels: 'the channels of the neck before it' },
  infer(o, context) {
    const fail = (what: string): never => {
      throw new DetLabError(`Cannot build neck "DyHead"${context.path ? ` at ${context.path}` : ''}: ${what}`);
    };
    if (o.out_channels % GROUPS !== 0)
      fail(`expected out_channels in multiples of ${GROUPS} (its group norms), received ${o.out_channels}`);
    const strides = context.inputs?.map((level) => level.stride);
    if (strides?.some((stride, i) => i > 0 && stride !== 2 * strides[i - 1]))
      fail(`expected levels whose strides double, received [${strides.join(', ')}]`);
    return inferSingleChannels('DyHead', o, context, 'all');
  },
  build: (o, { inputs }) => new DyHead(o as Options, inputs),
});
