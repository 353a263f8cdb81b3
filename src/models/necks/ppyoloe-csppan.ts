// PP-YOLOE's neck (Xu et al., 2022; MMYOLO's PPYOLOECSPPAFPN): path aggregation with CSP layers of re-parameterised blocks; a level
// goes to half of its channels before it meets the finer one.

import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { roundHalfEven } from '../../geometry/round-half-even';
import { ConvModule } from '../../nn/conv-module';
import { initCfg } from '../../nn/init-cfg';
import { normCfg } from '../../nn/layer-options';
import { Sequential } from '../../nn/module-list';
import { CSPResLayer, cspResBlockOption } from '../layers/csp-res-layer';
import { DropBlock, dropBlockCfg } from '../layers/drop-block';
import { scaled } from '../shared-options/scale-model';
import type { FeatureSpec } from '../types';
import { inferScaledChannels, levelStrides } from './infer-scaled-channels';
import { YOLONeck, yoloNeckOptions } from './yolo-neck';

const options = z.strictObject({
  ...yoloNeckOptions,
  out_channels: z
    .array(z.int().positive())
    .default([256, 512, 1024])
    .describe('Channels of the output levels, before widen_factor'),
  num_csplayer: z.int().positive().default(1).describe('CSP layers where levels meet'),
  num_blocks_per_layer: z.int().positive().default(3).describe('Blocks of each CSP layer, before deepen_factor'),
  block_cfg: cspResBlockOption({ shortcut: false, use_alpha: false }),
  norm_cfg: normCfg.default({ type: 'BN', requires_grad: true, momentum: 0.1, eps: 1e-5 }).describe('Norm'),
  drop_block_cfg: dropBlockCfg.nullable().default(null).describe('DropBlock after the CSP layers; null: none'),
  use_spp: z.boolean().default(false).describe('Pyramid pooling in the CSP layer of the coarsest level'),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: mmcv's own start"),
});
type Options = z.output<typeof options> & { in_channels: number[] };

/** @example new PPYOLOECSPPAFPN({ ...ppyoloeCSPPafpn.options.parse({ widen_factor: 0.5 }), in_channels: [256, 512, 1024] }) */
export class PPYOLOECSPPAFPN extends YOLONeck {
  constructor(o: Options, inputs?: FeatureSpec[]) {
    const levels = o.in_channels.length;
    const [reads, writes] = [o.in_channels, o.out_channels].map((all) => all.map((c) => scaled(c, o.widen_factor)));
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const numBlocks = roundHalfEven(o.num_blocks_per_layer * o.deepen_factor);
    const join = (from: number, outChannels: number, useSPP = false) => {
      const parts = Array.from({ length: o.num_csplayer }, (_, i): CSPResLayer | DropBlock => {
        const inChannels = i === 0 ? from : outChannels;
        return new CSPResLayer({ inChannels, outChannels, numBlocks, block: o.block_cfg, useSPP, ...layers });
      });
      if (o.drop_block_cfg) parts.push(new DropBlock(o.drop_block_cfg));
      return new Sequential<CSPResLayer | DropBlock>(parts);
    };
    const strides = levelStrides(levels, inputs);
    super(
      {
        ...{ levels, outputs: writes.map((channels, i) => ({ channels, stride: strides[i] })) },
        ...{ freeze_all: o.freeze_all, init_cfg: o.init_cfg ?? undefined },
      },
      {
        reduce: (level) => (level === levels - 1 ? join(reads[level], writes[level], o.use_spp) : undefined),
        upsample: (level) => {
          const shape = { inChannels: writes[level], outChannels: writes[level] >> 1, kernelSize: 1 };
          return new Sequential([new ConvModule({ ...shape, ...layers })]);
        },
        topDown: (level) => join(reads[level - 1] + (writes[level] >> 1), writes[level - 1]),
        downsample: (level) => {
          const shape = { inChannels: writes[level], outChannels: writes[level], kernelSize: 3, stride: 2, padding: 1 };
          return new ConvModule({ ...shape, ...layers });
        },
        bottomUp: (level) => join(writes[level + 1] + writes[level], writes[level + 1]),
      },
    );
  }
}

function infer(o: z.output<typeof options>, context: BuildContext): Options {
  const in_channels = inferScaledChannels('PPYOLOECSPPAFPN', o, context, (c) => scaled(c, o.widen_factor));
  if (o.out_channels.length !== in_channels.length)
    throw new DetLabError(
      `Cannot build neck "PPYOLOECSPPAFPN"${context.path ? ` at ${context.path}` : ''}: expected out_channels of ` +
        `${in_channels.length} levels, received ${o.out_channels.length}`,
    );
  return { ...o, in_channels };
}

export const ppyoloeCSPPafpn = defineModule({
  kind: 'neck',
  type: 'PPYOLOECSPPAFPN',
  summary: "PP-YOLOE's path aggregation: CSP layers of re-parameterised blocks on concatenated levels.",
  paper: 'Xu et al.: PP-YOLOE: An Evolved Version of YOLO, 2022; MMYOLO',
  shapes:
    '[N, H/s, W/s, in_channels[i] * widen_factor] for each level -> as many levels of out_channels * widen_factor',
  example: "{ type: 'PPYOLOECSPPAFPN', out_channels: [192, 384, 768], deepen_factor: 0.33, widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the backbone's channels over widen_factor" },
  infer,
  build: (o, { inputs }) => new PPYOLOECSPPAFPN(o as Options, inputs),
});
