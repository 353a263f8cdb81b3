// MMYOLO's backbone of YOLOX (Ge et al., 2021): CSPDarknet after a Focus stem, channels rounded up to multiples of 8.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { DepthwiseSeparableConvModule } from '../../nn/depthwise-separable-conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { CSPLayer } from '../layers/csp-layer';
import { Focus } from '../layers/focus';
import { SPPFBottleneck } from '../layers/sppf-bottleneck';
import { makeDivisible, makeRound } from '../shared-options/scale-model';
import { poolSizes } from './csp-options';
import { checkStageIndices, type Part, StagedNetwork } from './staged-network';
import { yoloBackboneOptions } from './yolo-backbone-options';

/** Channels of the stem and of all stages, and blocks of the stages. */
const CHANNELS = [64, 128, 256, 512, 1024];
const BLOCKS = [3, 9, 9, 3];

const options = z.strictObject({
  arch: z.literal('P5').default('P5').describe('Four stages'),
  ...yoloBackboneOptions({ type: 'SiLU', inplace: true }),
  input_channels: z.literal(3).default(3).describe('Channels of the input image: 3, as in MMYOLO'),
  use_depthwise: z.boolean().default(false).describe('Depthwise separable convolutions between the stages'),
  spp_kernal_sizes: poolSizes.describe(
    'Kernel sizes of the spatial pyramid pooling in the last stage (spelled as in MMYOLO)',
  ),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: mmcv's own start"),
});
export type YOLOXCSPDarknetOptions = z.output<typeof options>;

/**
 * @example new YOLOXCSPDarknet(yoloxCSPDarknet.options.parse({ deepen_factor: 0.33, widen_factor: 0.5 })).forward(images)
 */
export class YOLOXCSPDarknet extends StagedNetwork {
  constructor(o: YOLOXCSPDarknetOptions) {
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const channels = CHANNELS.map((c) => makeDivisible(c, o.widen_factor));
    const Conv = o.use_depthwise ? DepthwiseSeparableConvModule : ConvModule;
    const stages = BLOCKS.map((count, i): Part[] => {
      const [inChannels, outChannels] = channels.slice(i, i + 2);
      const same = { inChannels: outChannels, outChannels, ...layers };
      const last = i === BLOCKS.length - 1;
      return [
        new Conv({ inChannels, outChannels, kernelSize: 3, stride: 2, padding: 1, ...layers }),
        ...(last ? [new SPPFBottleneck({ ...same, kernelSizes: o.spp_kernal_sizes })] : []),
        new CSPLayer({ ...same, numBlocks: makeRound(count, o.deepen_factor), addIdentity: !last }),
      ];
    });
    super(o, new Focus({ inChannels: 3, outChannels: channels[0], kernelSize: 3, ...layers }), stages, channels);
    if (o.init_cfg) applyInitCfg(this, o.init_cfg);
    this.freezeStages();
  }
}

export const yoloxCSPDarknet = defineModule({
  kind: 'backbone',
  type: 'YOLOXCSPDarknet',
  summary: "MMYOLO's backbone of YOLOX: CSPDarknet after a Focus stem.",
  paper: 'Ge et al.: YOLOX: Exceeding YOLO Series in 2021; MMYOLO',
  shapes: '[N, H, W, 3] -> [N, H/8, W/8, 256 w], [N, H/16, W/16, 512 w], [N, H/32, W/32, 1024 w]; w is widen_factor',
  example: "{ type: 'YOLOXCSPDarknet', deepen_factor: 0.33, widen_factor: 0.5 }",
  options,
  infer(o, { path }) {
    checkStageIndices('YOLOXCSPDarknet', o, BLOCKS.length, path);
    return o;
  },
  build: (o) => new YOLOXCSPDarknet(o),
});
