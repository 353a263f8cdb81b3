// YOLOv5's backbone (Jocher et al., 2020; MMYOLO's YOLOv5CSPDarknet): CSPDarknet after a strided 6 x 6 convolution, with fast
// pyramid pooling at the end. Channels are rounded up to multiples of 8.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg } from '../../nn/init-cfg';
import { resetConvolutions } from '../../nn/reset-convolutions';
import { CSPLayer } from '../layers/csp-layer';
import { SPPFBottleneck } from '../layers/sppf-bottleneck';
import { makeDivisible, makeRound } from '../shared-options/scale-model';
import { checkStageIndices, StagedNetwork } from './staged-network';
import { yoloBackboneOptions } from './yolo-backbone-options';

/** Channels of the stem and of all stages, and blocks of the stages. */
const SETTINGS = {
  P5: { channels: [64, 128, 256, 512, 1024], blocks: [3, 6, 9, 3] },
  P6: { channels: [64, 128, 256, 512, 768, 1024], blocks: [3, 6, 9, 3, 3] },
};

const options = z.strictObject({
  arch: z.enum(['P5', 'P6']).default('P5').describe('Four or five stages'),
  ...yoloBackboneOptions({ type: 'SiLU', inplace: true }),
});
export type YOLOv5CSPDarknetOptions = z.output<typeof options>;

/**
 * @example new YOLOv5CSPDarknet(yolov5CSPDarknet.options.parse({ deepen_factor: 0.33, widen_factor: 0.5 })).forward(images)
 */
export class YOLOv5CSPDarknet extends StagedNetwork {
  constructor(o: YOLOv5CSPDarknetOptions) {
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const { channels: all, blocks } = SETTINGS[o.arch];
    const channels = all.map((c) => makeDivisible(c, o.widen_factor));
    const stem = { inChannels: o.input_channels, outChannels: channels[0], kernelSize: 6, stride: 2, padding: 2 };
    const stages = blocks.map((count, i) => {
      const [inChannels, outChannels] = channels.slice(i, i + 2);
      const same = { inChannels: outChannels, outChannels, ...layers };
      const parts = [
        new ConvModule({ inChannels, outChannels, kernelSize: 3, stride: 2, padding: 1, ...layers }),
        new CSPLayer({ ...same, numBlocks: makeRound(count, o.deepen_factor), addIdentity: true }),
      ];
      return i === blocks.length - 1 ? [...parts, new SPPFBottleneck(same)] : parts;
    });
    super(o, new ConvModule({ ...stem, ...layers }), stages, channels);
    if (o.init_cfg) applyInitCfg(this, o.init_cfg);
    else resetConvolutions(this);
    this.freezeStages();
  }
}

export const yolov5CSPDarknet = defineModule({
  kind: 'backbone',
  type: 'YOLOv5CSPDarknet',
  summary: "YOLOv5's backbone: CSPDarknet with a plain stem and fast pyramid pooling.",
  paper: 'Jocher et al.: Ultralytics YOLOv5, 2020; MMYOLO',
  shapes: '[N, H, W, 3] -> [N, H/8, W/8, 256 w], [N, H/16, W/16, 512 w], [N, H/32, W/32, 1024 w]; w is widen_factor',
  example: "{ type: 'YOLOv5CSPDarknet', deepen_factor: 0.33, widen_factor: 0.5 }",
  options,
  infer(o, { path }) {
    checkStageIndices('YOLOv5CSPDarknet', o, SETTINGS[o.arch].blocks.length, path);
    return o;
  },
  build: (o) => new YOLOv5CSPDarknet(o),
});
