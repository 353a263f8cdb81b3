// YOLOv7's backbones (Wang et al., CVPR 2023; MMYOLO's YOLOv7Backbone): stages of efficient layer aggregation. What halves them
// is a strided convolution beside max pooling (L, X; E, D, E2E after a Focus), one alone (W), or max pooling (Tiny).

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { Sequential } from '../../nn/module-list';
import { EELANBlock, ELANBlock } from '../layers/elan-block';
import { Focus } from '../layers/focus';
import { HalvingMaxPool, MaxPoolAndStrideConvBlock } from '../layers/max-pool-and-stride-conv-block';
import { TinyDownSampleBlock } from '../layers/tiny-down-sample-block';
import { scaled } from '../shared-options/scale-model';
import { checkStageIndices, type Part, StagedNetwork } from './staged-network';
import { yoloBackboneOptions } from './yolo-backbone-options';

/** Channels of the stem and of all stages; of the blocks, channels over those of their input by stage, and how many. */
interface Setting {
  family: 'Tiny' | 'P5' | 'W' | 'P6';
  channels: number[];
  ratios: number[];
  blocks?: number;
  /** ELAN blocks beside each other. */
  beside?: number;
}
const P6_E = { channels: [80, 160, 320, 640, 960, 1280], ratios: [0.4, 0.4, 0.4, 0.4, 0.4], blocks: 3 };
const SETTINGS = {
  Tiny: { family: 'Tiny', channels: [64, 64, 128, 256, 512], ratios: [0.5, 1, 1, 1] },
  L: { family: 'P5', channels: [64, 256, 512, 1024, 1024], ratios: [0.5, 0.5, 0.5, 0.25], blocks: 2 },
  X: { family: 'P5', channels: [80, 320, 640, 1280, 1280], ratios: [0.4, 0.4, 0.4, 0.2], blocks: 3 },
  W: { family: 'W', channels: [64, 128, 256, 512, 768, 1024], ratios: [0.5, 0.5, 0.5, 0.5, 0.5], blocks: 2 },
  E: { family: 'P6', ...P6_E },
  D: { family: 'P6', channels: [96, 192, 384, 768, 1152, 1536], ratios: [0, 0, 0, 0, 0].map(() => 1 / 3), blocks: 4 },
  E2E: { family: 'P6', ...P6_E, beside: 2 },
} as const satisfies Record<string, Setting>;

const options = z.strictObject({
  arch: z
    .enum(['Tiny', 'L', 'X', 'W', 'E', 'D', 'E2E'])
    .default('L')
    .describe('Four stages in Tiny, L and X, five in the others'),
  ...yoloBackboneOptions({ type: 'SiLU', inplace: true }),
  deepen_factor: ignoredOption('the depth is that of arch', { schema: z.number().positive().default(1) }),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: mmcv's own start"),
});
export type YOLOv7BackboneOptions = z.output<typeof options>;

/** @example new YOLOv7Backbone(yolov7Backbone.options.parse({ arch: 'Tiny' })).forward(images) */
export class YOLOv7Backbone extends StagedNetwork {
  constructor(o: YOLOv7BackboneOptions) {
    const setting: Setting = SETTINGS[o.arch];
    const channels = setting.channels.map((c) => scaled(c, o.widen_factor));
    const strides = channels.map((_, i) => (setting.family === 'Tiny' && i === 0 ? 4 : 2 << i));
    const stages = setting.ratios.map((_, i) => buildStage(o, setting, channels, i));
    super(o, buildStem(o, setting, channels[0]), stages, channels, strides);
    if (o.init_cfg) applyInitCfg(this, o.init_cfg);
    this.freezeStages();
  }
}

function buildStem(o: YOLOv7BackboneOptions, { family, channels: [unscaled] }: Setting, outChannels: number): Part {
  const { input_channels: inChannels } = o;
  const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
  if (family === 'W' || family === 'P6') return new Focus({ inChannels, outChannels, kernelSize: 3, ...layers });
  const half = scaled(unscaled, o.widen_factor / 2);
  const conv = (from: number, to: number, stride: number) =>
    new ConvModule({ inChannels: from, outChannels: to, kernelSize: 3, padding: 1, stride, ...layers });
  return family === 'Tiny'
    ? new Sequential([conv(inChannels, half, 2), conv(half, outChannels, 2)])
    : new Sequential([conv(inChannels, half, 1), conv(half, outChannels, 2), conv(outChannels, outChannels, 1)]);
}

/** What halves the size, but for the first stage of Tiny, and the blocks. */
function buildStage(o: YOLOv7BackboneOptions, setting: Setting, channels: number[], i: number): Part[] {
  const { family, blocks: numBlocks, beside } = setting;
  const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
  const [inChannels, outChannels] = channels.slice(i, i + 2);
  const ratio = setting.ratios[i];
  if (family === 'Tiny') {
    const block = new TinyDownSampleBlock({ inChannels, outChannels, middleRatio: ratio, ...layers });
    return i === 0 ? [block] : [new HalvingMaxPool(), block];
  }
  const elan = { outChannels, middleRatio: ratio, blockRatio: ratio, numBlocks, numConvsInBlock: 2, ...layers };
  const block = (from: number) =>
    beside ? new EELANBlock(beside, { ...elan, inChannels: from }) : new ELANBlock({ ...elan, inChannels: from });
  const strided = (to: number) =>
    new ConvModule({ inChannels, outChannels: to, kernelSize: 3, stride: 2, padding: 1, ...layers });
  if (family === 'W') return [strided(outChannels), block(outChannels)];
  if (family === 'P6') {
    const config = { inChannels, outChannels, useInChannelsOfMiddle: true, ...layers };
    return [new MaxPoolAndStrideConvBlock(config), block(outChannels)];
  }
  if (i === 0) return [strided(outChannels >> 1), block(outChannels >> 1)];
  return [new MaxPoolAndStrideConvBlock({ inChannels, outChannels: inChannels, ...layers }), block(inChannels)];
}

export const yolov7Backbone = defineModule({
  kind: 'backbone',
  type: 'YOLOv7Backbone',
  summary: "YOLOv7's backbone: stages of efficient layer aggregation.",
  paper:
    'Wang et al.: YOLOv7: Trainable Bag-of-Freebies Sets New State-of-the-Art for Real-Time Object Detectors, CVPR 2023; MMYOLO',
  shapes:
    '[N, H, W, 3] -> [N, H/8, W/8, 512 w], [N, H/16, W/16, 1024 w], [N, H/32, W/32, 1024 w] of L; w is widen_factor',
  example: "{ type: 'YOLOv7Backbone', arch: 'Tiny', act_cfg: { type: 'LeakyReLU', negative_slope: 0.1 } }",
  options,
  infer(o, { path }) {
    checkStageIndices('YOLOv7Backbone', o, SETTINGS[o.arch].ratios.length, path);
    return o;
  },
  build: (o) => new YOLOv7Backbone(o),
});
