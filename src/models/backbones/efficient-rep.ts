// YOLOv6's backbones (Li et al., 2022; MMYOLO's YOLOv6EfficientRep and YOLOv6CSPBep): stages of blocks whose branches are one
// convolution in evaluation; in the larger models around part of the channels. Fast pyramid pooling at the end.
// `use_cspsppf` acts in YOLOv6CSPBep too, where the reference forgets it.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { applyInitCfg } from '../../nn/init-cfg';
import type { ActCfg } from '../../nn/layer-options';
import { Sequential } from '../../nn/module-list';
import { resetConvolutions } from '../../nn/reset-convolutions';
import { BepC3StageBlock } from '../layers/bep-c3-stage-block';
import { CSPSPPFBottleneck } from '../layers/csp-sppf-bottleneck';
import { buildRepBlock, type RepBlockCfg, repBlockOption } from '../layers/rep-block';
import { RepStageBlock } from '../layers/rep-stage-block';
import { SPPFBottleneck } from '../layers/sppf-bottleneck';
import { makeRound, scaled } from '../shared-options/scale-model';
import { checkStageIndices, type Part, StagedNetwork } from './staged-network';
import { yoloBackboneOptions } from './yolo-backbone-options';

/** Channels of the stem and of all stages, and blocks of the stages. */
const CHANNELS = [64, 128, 256, 512, 1024];
const BLOCKS = [6, 12, 18, 6];

const optionsOf = (act: ActCfg, block: RepBlockCfg['type']) => ({
  arch: z.literal('P5').default('P5').describe('Four stages'),
  ...yoloBackboneOptions(act),
  use_cspsppf: z.boolean().default(false).describe('Pyramid pooling on part of the channels'),
  block_cfg: repBlockOption(block),
});
const options = z.strictObject(optionsOf({ type: 'ReLU', inplace: true }, 'RepVGGBlock'));
const cspOptions = z.strictObject({
  ...optionsOf({ type: 'SiLU', inplace: true }, 'ConvWrapper'),
  hidden_ratio: z.number().positive().default(0.5).describe('Share of the channels that goes through the blocks'),
});
export type YOLOv6BackboneOptions = z.output<typeof options> & Partial<z.output<typeof cspOptions>>;

/**
 * Stages around part of the channels with `hidden_ratio`.
 *
 * @example new YOLOv6EfficientRep(yolov6EfficientRep.options.parse({ deepen_factor: 0.33, widen_factor: 0.5 })).forward(images)
 */
export class YOLOv6EfficientRep extends StagedNetwork {
  constructor(o: YOLOv6BackboneOptions) {
    const { block_cfg: block, hidden_ratio: hiddenRatio } = o;
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const channels = CHANNELS.map((c) => scaled(c, o.widen_factor));
    const stages = BLOCKS.map((count, i): Part[] => {
      const [inChannels, outChannels] = channels.slice(i, i + 2);
      const same = { inChannels: outChannels, outChannels, ...layers };
      const stage = { ...same, numBlocks: makeRound(count, o.deepen_factor), block };
      const blocks =
        hiddenRatio === undefined ? new RepStageBlock(stage) : new BepC3StageBlock({ ...stage, hiddenRatio });
      const parts = [new Sequential<Part>([buildRepBlock(block, { inChannels, outChannels, stride: 2 }), blocks])];
      if (i < BLOCKS.length - 1) return parts;
      return [...parts, o.use_cspsppf ? new CSPSPPFBottleneck(same) : new SPPFBottleneck(same)];
    });
    const stem = buildRepBlock(block, { inChannels: o.input_channels, outChannels: channels[0], stride: 2 });
    super(o, stem, stages, channels);
    if (o.init_cfg) applyInitCfg(this, o.init_cfg);
    else resetConvolutions(this);
    this.freezeStages();
  }
}

const about = {
  kind: 'backbone',
  paper: 'Li et al.: YOLOv6: A Single-Stage Object Detection Framework for Industrial Applications, 2022; MMYOLO',
  shapes: '[N, H, W, 3] -> [N, H/8, W/8, 256 w], [N, H/16, W/16, 512 w], [N, H/32, W/32, 1024 w]; w is widen_factor',
} as const;

export const yolov6EfficientRep = defineModule({
  ...about,
  type: 'YOLOv6EfficientRep',
  summary: "YOLOv6's backbone: stages of RepVGG blocks.",
  example: "{ type: 'YOLOv6EfficientRep', deepen_factor: 0.33, widen_factor: 0.5 }",
  options,
  infer(o, { path }) {
    checkStageIndices('YOLOv6EfficientRep', o, BLOCKS.length, path);
    return o;
  },
  build: (o) => new YOLOv6EfficientRep(o),
});

export const yolov6CSPBep = defineModule({
  ...about,
  type: 'YOLOv6CSPBep',
  summary: "YOLOv6's backbone of the larger models: blocks on part of the channels.",
  example: "{ type: 'YOLOv6CSPBep', deepen_factor: 0.6, widen_factor: 0.75, hidden_ratio: 0.66 }",
  options: cspOptions,
  infer(o, { path }) {
    checkStageIndices('YOLOv6CSPBep', o, BLOCKS.length, path);
    return o;
  },
  build: (o) => new YOLOv6EfficientRep(o),
});
