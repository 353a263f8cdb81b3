// YOLOv8's backbone (Ultralytics, 2023; MMYOLO's YOLOv8CSPDarknet): strided convolutions and CSP layers that concatenate the
// output of every block (C2f), with fast pyramid pooling at the end. Channels are rounded up to multiples of 8.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg } from '../../nn/init-cfg';
import { resetConvolutions } from '../../nn/reset-convolutions';
import { CSPLayerWithTwoConv } from '../layers/csp-layer-with-two-conv';
import { SPPFBottleneck } from '../layers/sppf-bottleneck';
import { makeDivisible, makeRound } from '../shared-options/scale-model';
import { checkStageIndices, StagedNetwork } from './staged-network';
import { yoloBackboneOptions } from './yolo-backbone-options';

/** Channels of the stem and of all stages but the last, and blocks of the stages. */
const CHANNELS = [64, 128, 256, 512];
const BLOCKS = [3, 6, 6, 3];

const options = z.strictObject({
  arch: z.literal('P5').default('P5').describe('Four stages'),
  last_stage_out_channels: z.int().positive().default(1024).describe('Channels of the last stage before widen_factor'),
  ...yoloBackboneOptions({ type: 'SiLU' }),
});
export type YOLOv8CSPDarknetOptions = z.output<typeof options>;

/**
 * @example new YOLOv8CSPDarknet(yolov8CSPDarknet.options.parse({ deepen_factor: 0.33, widen_factor: 0.5 })).forward(images)
 */
export class YOLOv8CSPDarknet extends StagedNetwork {
  constructor(o: YOLOv8CSPDarknetOptions) {
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const channels = [...CHANNELS, o.last_stage_out_channels].map((c) => makeDivisible(c, o.widen_factor));
    const down = (inChannels: number, outChannels: number) =>
      new ConvModule({ inChannels, outChannels, kernelSize: 3, stride: 2, padding: 1, ...layers });
    const stages = BLOCKS.map((count, i) => {
      const outChannels = channels[i + 1];
      const same = { inChannels: outChannels, outChannels, ...layers };
      const numBlocks = makeRound(count, o.deepen_factor);
      const parts = [
        down(channels[i], outChannels),
        new CSPLayerWithTwoConv({ ...same, numBlocks, addIdentity: true }),
      ];
      return i === BLOCKS.length - 1 ? [...parts, new SPPFBottleneck(same)] : parts;
    });
    super(o, down(o.input_channels, channels[0]), stages, channels);
    if (o.init_cfg) applyInitCfg(this, o.init_cfg);
    else resetConvolutions(this);
    this.freezeStages();
  }
}

export const yolov8CSPDarknet = defineModule({
  kind: 'backbone',
  type: 'YOLOv8CSPDarknet',
  summary: "YOLOv8's backbone: C2f layers, which concatenate the output of every block.",
  paper: 'Ultralytics: YOLOv8, 2023; MMYOLO',
  shapes: '[N, H, W, 3] -> [N, H/8, W/8, 256 w], [N, H/16, W/16, 512 w], [N, H/32, W/32, 1024 w]; w is widen_factor',
  example: "{ type: 'YOLOv8CSPDarknet', deepen_factor: 0.33, widen_factor: 0.5 }",
  options,
  infer(o, { path }) {
    checkStageIndices('YOLOv8CSPDarknet', o, BLOCKS.length, path);
    return o;
  },
  build: (o) => new YOLOv8CSPDarknet(o),
});
