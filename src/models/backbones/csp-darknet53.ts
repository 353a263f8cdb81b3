// CSPDarknet-53 (Bochkovskiy et al., YOLOv4, 2020; layers and channels of darknet's yolov4.cfg): Darknet-53 with Mish, each of its
// five stages a cross stage partial layer. The first stage has ways of full width and blocks of half of it, the others ways of
// half the width.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { normCfg } from '../../nn/layer-options';
import { CSPStage } from '../layers/csp-stage';
import { makeDivisible, makeRound } from '../shared-options/scale-model';
import { checkStageIndices, type Part, StagedNetwork } from './staged-network';
import { yoloBackboneOptions } from './yolo-backbone-options';

/** Channels of the stem and of the stages, and blocks of the stages. */
const CHANNELS = [32, 64, 128, 256, 512, 1024];
const BLOCKS = [1, 2, 8, 8, 4];

const options = z.strictObject({
  ...yoloBackboneOptions({ type: 'Mish' }),
  out_indices: z
    .array(z.int().min(0))
    .min(1)
    .default([3, 4, 5])
    .describe('Indices of the outputs: 0 for the stem, then the stages'),
  norm_cfg: normCfg
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Normalisation type'),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: mmcv's own start"),
});
export type CSPDarknet53Options = z.output<typeof options>;

/**
 * @example new CSPDarknet53(cspDarknet53.options.parse({})).forward(images) // strides 8, 16, 32
 */
export class CSPDarknet53 extends StagedNetwork {
  constructor(o: CSPDarknet53Options) {
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const channels = CHANNELS.map((c) => makeDivisible(c, o.widen_factor));
    const conv = (inChannels: number, outChannels: number, stride: number) =>
      new ConvModule({ inChannels, outChannels, kernelSize: 3, padding: 1, stride, ...layers });
    const stages = BLOCKS.map((count, i): Part[] => {
      const [before, width] = channels.slice(i, i + 2);
      const half = width / 2;
      const stage = { inChannels: width, midChannels: i === 0 ? width : half, hiddenChannels: half, ...layers };
      return [conv(before, width, 2), new CSPStage({ ...stage, numBlocks: makeRound(count, o.deepen_factor) })];
    });
    const strides = channels.map((_, i) => 1 << i);
    super(o, conv(o.input_channels, channels[0], 1), stages, channels, strides);
    applyInitCfg(this, o.init_cfg);
    this.freezeStages();
  }
}

export const cspDarknet53 = defineModule({
  kind: 'backbone',
  type: 'CSPDarknet53',
  summary: "YOLOv4's backbone: Darknet-53 with cross stage partial layers and Mish.",
  paper: 'Bochkovskiy, Wang and Liao: YOLOv4: Optimal Speed and Accuracy of Object Detection, 2020',
  shapes: '[N, H, W, 3] -> [N, H/8, W/8, 256 w], [N, H/16, W/16, 512 w], [N, H/32, W/32, 1024 w]; w is widen_factor',
  example: "{ type: 'CSPDarknet53' }",
  options,
  infer(o, { path }) {
    checkStageIndices('CSPDarknet53', o, BLOCKS.length, path);
    return o;
  },
  build: (o) => new CSPDarknet53(o),
});
