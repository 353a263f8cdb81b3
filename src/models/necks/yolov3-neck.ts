// YOLOv3's neck (Redmon and Farhadi, 2018): from the coarsest level down, five convolutions per level, each level concatenated
// with the next coarser one. Outputs are coarsest first, as MMDetection's YOLOv3 head expects them.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { actCfg, convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { upsampleNearest } from '../../ops/resize-nearest';
import { DetectionBlock } from '../layers/detection-block';
import type { FeatureSpec, Neck } from '../types';
import { inferInChannels } from './infer-in-channels';
import { expectLevels } from './infer-single-channels';

const options = z.strictObject({
  num_scales: z.int().positive().optional().describe('Number of levels'),
  in_channels: z
    .array(z.int().positive())
    .min(1)
    .optional()
    .describe('Channels of each backbone level, coarsest first'),
  out_channels: z.array(z.int().positive()).min(1).describe('Channels of each output level, coarsest first'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg.nullable().default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 }).describe('Norm'),
  act_cfg: actCfg.nullable().default({ type: 'LeakyReLU', negative_slope: 0.1 }).describe('Activation'),
  init_cfg: ignoredOption('as in MMDetection, convolutions start by themselves', {
    schema: initCfg.nullable().default(null),
  }),
});
type Options = z.output<typeof options> & { in_channels: number[] };

/**
 * @example new YOLOV3Neck({ ...yolov3Neck.options.parse({ out_channels: [512, 256, 128] }), in_channels: [1024, 512, 256] })
 */
export class YOLOV3Neck extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly detects: DetectionBlock[] = [];
  private readonly convs: ConvModule[] = [];

  constructor(options: Options, inputs?: FeatureSpec[]) {
    super();
    const { in_channels, out_channels } = options;
    const layers = { convCfg: options.conv_cfg, normCfg: options.norm_cfg, actCfg: options.act_cfg };
    for (const [i, channels] of out_channels.entries()) {
      if (i > 0) {
        const shape = { inChannels: out_channels[i - 1], outChannels: channels, kernelSize: 1 };
        this.convs.push(this.addChild(`conv${i}`, new ConvModule({ ...shape, ...layers })));
      }
      const entering = in_channels[i] + (i > 0 ? channels : 0);
      this.detects.push(this.addChild(`detect${i + 1}`, new DetectionBlock(entering, channels, layers)));
    }
    const strides = inputs?.map((level) => level.stride) ?? in_channels.map((_, i) => 8 * 2 ** i);
    this.outputs = out_channels.map((channels, i) => ({ channels, stride: strides[strides.length - 1 - i] }));
    applyInitCfg(this, options.init_cfg, [...this.detects, ...this.convs]);
  }

  /** Backbone levels, finest first -> as many levels, coarsest first. */
  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const outs: tf.Tensor4D[] = [];
      for (const [i, x] of [...inputs].reverse().entries()) {
        const entering = i === 0 ? x : tf.concat([upsampleNearest(this.convs[i - 1].forward(outs[i - 1]), 2), x], 3);
        outs.push(this.detects[i].forward(entering));
      }
      return outs;
    });
  }
}

function infer(given: z.output<typeof options>, context: BuildContext): Options {
  const { inputs, path } = context;
  // the config lists the levels the other way round
  const reversed = { ...context, inputs: inputs && [...inputs].reverse() };
  const o = inferInChannels('YOLOV3Neck', given, reversed);
  const levels = o.in_channels.length;
  expectLevels('YOLOV3Neck', path, levels, o.out_channels.length, 'out_channels, one for each level that enters');
  if (o.num_scales !== undefined)
    expectLevels('YOLOV3Neck', path, levels, o.num_scales, 'as num_scales, the number of levels that enter');
  return { ...o, num_scales: levels };
}

export const yolov3Neck = defineModule({
  kind: 'neck',
  type: 'YOLOV3Neck',
  summary: 'Top-down path of concatenations and five convolutions per level; outputs coarsest first.',
  paper: 'Redmon and Farhadi: YOLOv3: An Incremental Improvement, 2018',
  shapes: '[N, H/s, W/s, C] for each backbone level, finest first -> as many levels of out_channels, coarsest first',
  example: "{ type: 'YOLOV3Neck', num_scales: 3, out_channels: [512, 256, 128] }",
  options,
  inferred: { in_channels: "the backbone's channels, coarsest first", num_scales: 'the number of levels that enter' },
  infer,
  build: (o, { inputs }) => new YOLOV3Neck(o as Options, inputs),
});
