// CSPDarknet (Bochkovskiy et al., YOLOv4, 2020; YOLOv5, YOLOX): Darknet's stages as cross stage partial layers, after a
// Focus stem, with pyramid pooling in the last stage.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { applyInitCfg } from '../../nn/init-cfg';
import { Focus } from '../layers/focus';
import { scaled } from '../shared-options/scale-model';
import { activationOption, buildCSPStages, cspOptions, poolSizes } from './csp-options';
import { checkStageIndices, StagedNetwork, type StageSetting } from './staged-network';

const SETTINGS: Record<'P5' | 'P6', StageSetting[]> = {
  P5: [
    [64, 128, 3, true, false],
    [128, 256, 9, true, false],
    [256, 512, 9, true, false],
    [512, 1024, 3, false, true],
  ],
  P6: [
    [64, 128, 3, true, false],
    [128, 256, 9, true, false],
    [256, 512, 9, true, false],
    [512, 768, 3, true, false],
    [768, 1024, 3, false, true],
  ],
};

const { arch, deepen_factor, widen_factor, out_indices, frozen_stages, use_depthwise, arch_ovewrite, ...rest } =
  cspOptions;
const options = z.strictObject({
  ...{ arch, deepen_factor, widen_factor, out_indices, frozen_stages, use_depthwise, arch_ovewrite },
  spp_kernal_sizes: poolSizes.describe(
    'Kernel sizes of the spatial pyramid pooling in the last stage (spelled as in MMDetection)',
  ),
  ...rest,
  act_cfg: activationOption('Swish'),
});
export type CSPDarknetOptions = z.output<typeof options>;

const settingsOf = (o: CSPDarknetOptions) => o.arch_ovewrite ?? SETTINGS[o.arch];

/**
 * @example new CSPDarknet(cspDarknet.options.parse({ deepen_factor: 0.33, widen_factor: 0.5 })).forward(images)
 */
export class CSPDarknet extends StagedNetwork {
  constructor(o: CSPDarknetOptions) {
    const settings = settingsOf(o);
    const layers = { convCfg: o.conv_cfg, normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const first = scaled(settings[0][0], o.widen_factor);
    super(
      o,
      new Focus({ inChannels: 3, outChannels: first, kernelSize: 3, ...layers }),
      buildCSPStages(settings, o, o.spp_kernal_sizes, layers),
      [first, ...settings.map(([, out]) => scaled(out, o.widen_factor))],
    );
    applyInitCfg(this, o.init_cfg);
    this.freezeStages();
  }
}

export const cspDarknet = defineModule({
  kind: 'backbone',
  type: 'CSPDarknet',
  summary: 'Darknet with cross stage partial layers, the backbone of YOLOv5 and YOLOX.',
  paper: 'Bochkovskiy, Wang and Liao: YOLOv4: Optimal Speed and Accuracy of Object Detection, 2020',
  shapes: '[N, H, W, 3] -> [N, H/8, W/8, 256 w], [N, H/16, W/16, 512 w], [N, H/32, W/32, 1024 w]; w is widen_factor',
  example: "{ type: 'CSPDarknet', deepen_factor: 0.33, widen_factor: 0.5 }",
  options,
  infer(o, { path }) {
    checkStageIndices('CSPDarknet', o, settingsOf(o).length, path);
    return o;
  },
  build: (o) => new CSPDarknet(o),
});
