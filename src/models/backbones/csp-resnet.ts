// PP-YOLOE's backbone (Xu et al., 2022; MMYOLO's PPYOLOECSPResNet): a stem of two or three convolutions, and stages of CSP layers
// with re-parameterised blocks and channel weights.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { roundHalfEven } from '../../geometry/round-half-even';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { normCfg } from '../../nn/layer-options';
import { Sequential } from '../../nn/module-list';
import { CSPResLayer, cspResBlockOption, squeezeOption } from '../layers/csp-res-layer';
import { scaled } from '../shared-options/scale-model';
import { checkStageIndices, StagedNetwork } from './staged-network';
import { yoloBackboneOptions } from './yolo-backbone-options';

const setting = z.tuple([z.int().positive(), z.int().positive(), z.int().positive()]);
const SETTINGS: z.output<typeof setting>[] = [
  [64, 128, 3],
  [128, 256, 6],
  [256, 512, 6],
  [512, 1024, 3],
];

const options = z.strictObject({
  arch: z.literal('P5').default('P5').describe('Four stages'),
  ...yoloBackboneOptions({ type: 'SiLU', inplace: true }),
  arch_ovewrite: z
    .array(setting)
    .min(1)
    .nullable()
    .default(null)
    .describe("Stages of one's own: [in, out, blocks] each (spelt as in MMYOLO)"),
  block_cfg: cspResBlockOption({ shortcut: true, use_alpha: true }),
  norm_cfg: normCfg
    .default({ type: 'BN', requires_grad: true, momentum: 0.1, eps: 1e-5 })
    .describe('Normalisation type'),
  attention_cfg: squeezeOption,
  use_large_stem: z.boolean().default(false).describe('Three convolutions in the stem instead of two'),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: mmcv's own start"),
});
export type PPYOLOECSPResNetOptions = z.output<typeof options>;

const settingsOf = (o: PPYOLOECSPResNetOptions) => o.arch_ovewrite ?? SETTINGS;

/**
 * @example new PPYOLOECSPResNet(ppyoloeCSPResNet.options.parse({ deepen_factor: 0.33, widen_factor: 0.5 })).forward(images)
 */
export class PPYOLOECSPResNet extends StagedNetwork {
  constructor(o: PPYOLOECSPResNetOptions) {
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const settings = settingsOf(o).map(([from, to, blocks]) => ({
      ...{ inChannels: scaled(from, o.widen_factor), outChannels: scaled(to, o.widen_factor) },
      numBlocks: roundHalfEven(blocks * o.deepen_factor),
    }));
    const first = settings[0].inChannels;
    const conv = (inChannels: number, outChannels: number, stride: number) =>
      new ConvModule({ inChannels, outChannels, kernelSize: 3, stride, padding: 1, ...layers });
    const half = first >> 1;
    const stem = new Sequential([
      conv(o.input_channels, half, 2),
      ...(o.use_large_stem ? [conv(half, half, 1)] : []),
      conv(half, first, 1),
    ]);
    const common = { block: o.block_cfg, stride: 2 as const, attention: o.attention_cfg, ...layers };
    const stages = settings.map((stage) => [new CSPResLayer({ ...stage, ...common })]);
    super(o, stem, stages, [first, ...settings.map(({ outChannels }) => outChannels)]);
    if (o.init_cfg) applyInitCfg(this, o.init_cfg);
    this.freezeStages();
  }
}

export const ppyoloeCSPResNet = defineModule({
  kind: 'backbone',
  type: 'PPYOLOECSPResNet',
  summary: "PP-YOLOE's backbone: CSP layers with re-parameterised blocks and channel weights.",
  paper: 'Xu et al.: PP-YOLOE: An Evolved Version of YOLO, 2022; MMYOLO',
  shapes: '[N, H, W, 3] -> [N, H/8, W/8, 256 w], [N, H/16, W/16, 512 w], [N, H/32, W/32, 1024 w]; w is widen_factor',
  example: "{ type: 'PPYOLOECSPResNet', deepen_factor: 0.33, widen_factor: 0.5 }",
  options,
  infer(o, { path }) {
    checkStageIndices('PPYOLOECSPResNet', o, settingsOf(o).length, path);
    return o;
  },
  build: (o) => new PPYOLOECSPResNet(o),
});
