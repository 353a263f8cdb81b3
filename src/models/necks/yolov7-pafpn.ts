// YOLOv7's neck (Wang et al., CVPR 2023; MMYOLO's YOLOv7PAFPN): pyramid pooling with a shortcut, path aggregation by efficient layer
// aggregation, and, with three levels, a last layer that doubles the channels, re-parameterised in the L model.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { initCfg } from '../../nn/init-cfg';
import { normCfg } from '../../nn/layer-options';
import { Sequential } from '../../nn/module-list';
import { MaxPoolAndStrideConvBlock } from '../layers/max-pool-and-stride-conv-block';
import { RepVGGBlock } from '../layers/rep-vgg-block';
import { SPPFCSPBlock } from '../layers/sppf-csp-block';
import { buildYOLOv7Block, yolov7BlockOption } from '../layers/yolov7-block';
import { scaled } from '../shared-options/scale-model';
import type { FeatureSpec } from '../types';
import { inferScaledChannels, levelStrides } from './infer-scaled-channels';
import { YOLONeck, yoloNeckOptions } from './yolo-neck';

const options = z.strictObject({
  ...yoloNeckOptions,
  out_channels: z
    .array(z.int().positive())
    .min(2)
    .describe('Channels of the levels, before widen_factor; three levels are put out with twice as many'),
  block_cfg: yolov7BlockOption,
  norm_cfg: normCfg.default({ type: 'BN', requires_grad: true, momentum: 0.03, eps: 0.001 }).describe('Norm'),
  deepen_factor: ignoredOption('the depth is that of block_cfg', { schema: z.number().positive().default(1) }),
  spp_expand_ratio: z
    .number()
    .positive()
    .default(0.5)
    .describe('Hidden channels of the pooling over twice its outputs'),
  is_tiny_version: z.boolean().default(false).describe('Shorter pooling, and strided convolutions going up'),
  use_maxpool_in_downsample: z.boolean().default(true).describe('Max pooling beside a strided convolution going up'),
  use_in_channels_in_downsample: z
    .boolean()
    .default(false)
    .describe('The strided convolution beside max pooling reads as many channels as its level has'),
  use_repconv_outs: z.boolean().default(true).describe('Re-parameterised last layers, of other than four levels'),
  upsample_feats_cat_first: z.boolean().default(false).describe('The coarser level comes first when two are joined'),
  init_cfg: initCfg.optional().describe("Where the weights start from; mmcv's own start when left out"),
});
type Options = z.output<typeof options> & { in_channels: number[] };

/** @example new YOLOv7PAFPN({ ...yolov7Pafpn.options.parse({ out_channels: [128, 256, 512] }), in_channels: [512, 1024, 1024] }) */
export class YOLOv7PAFPN extends YOLONeck {
  constructor(o: Options, inputs?: FeatureSpec[]) {
    const [reads, writes] = [o.in_channels, o.out_channels].map((all) => all.map((c) => scaled(c, o.widen_factor)));
    const levels = reads.length;
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const conv = (inChannels: number, outChannels: number, kernelSize: 1 | 3 = 1, stride = 1) => {
      const shape = { inChannels, outChannels, kernelSize, stride, padding: kernelSize >> 1 };
      return new ConvModule({ ...shape, ...layers });
    };
    const joining = (level: number) =>
      buildYOLOv7Block(o.block_cfg, { inChannels: 2 * writes[level], outChannels: writes[level] }, layers);
    const isP6 = levels === 4;
    const strides = levelStrides(levels, inputs);
    const outputs = writes.map((channels, i) => ({ channels: isP6 ? channels : 2 * channels, stride: strides[i] }));
    super(
      { ...o, levels, outputs, finerFirst: !o.upsample_feats_cat_first },
      {
        reduce: (level) => {
          const [inChannels, outChannels] = [reads[level], writes[level]];
          if (level < levels - 1) return conv(inChannels, outChannels);
          const { spp_expand_ratio: expandRatio, is_tiny_version: isTiny } = o;
          return new SPPFCSPBlock({ inChannels, outChannels, expandRatio, isTiny, ...layers });
        },
        upsample: (level) => new Sequential([conv(writes[level], writes[level - 1])]),
        topDown: (level) => joining(level - 1),
        downsample: (level) => {
          const [inChannels, outChannels] = writes.slice(level, level + 2);
          if (o.is_tiny_version || !o.use_maxpool_in_downsample) return conv(inChannels, outChannels, 3, 2);
          const useInChannelsOfMiddle = o.use_in_channels_in_downsample;
          return new MaxPoolAndStrideConvBlock({ inChannels, outChannels, useInChannelsOfMiddle, ...layers });
        },
        bottomUp: (level) => joining(level + 1),
        out: (level) => {
          const channels = writes[level];
          if (isP6) return undefined;
          if (!o.use_repconv_outs) return conv(channels, 2 * channels, 3);
          return new RepVGGBlock({ inChannels: channels, outChannels: 2 * channels, ...layers });
        },
      },
    );
  }
}

function infer(o: z.output<typeof options>, context: BuildContext): Options {
  const in_channels = inferScaledChannels('YOLOv7PAFPN', o, context, (c) => scaled(c, o.widen_factor));
  if (in_channels.length !== o.out_channels.length)
    throw new DetLabError(
      `Cannot build neck "YOLOv7PAFPN"${context.path ? ` at ${context.path}` : ''}: expected one of out_channels for each ` +
        `of ${in_channels.length} levels, received ${o.out_channels.length}`,
    );
  return { ...o, in_channels };
}

export const yolov7Pafpn = defineModule({
  kind: 'neck',
  type: 'YOLOv7PAFPN',
  summary: "YOLOv7's path aggregation by efficient layer aggregation.",
  paper: 'Wang et al.: YOLOv7, CVPR 2023; MMYOLO',
  shapes:
    '[N, H/s, W/s, in_channels[i] * widen_factor] for each level -> [N, H/s, W/s, 2 * out_channels[i] * widen_factor] each',
  example: "{ type: 'YOLOv7PAFPN', out_channels: [128, 256, 512] }",
  options,
  inferred: { in_channels: "the backbone's channels over widen_factor" },
  infer,
  build: (o, { inputs }) => new YOLOv7PAFPN(o as Options, inputs),
});
