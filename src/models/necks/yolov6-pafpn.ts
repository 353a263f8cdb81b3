// YOLOv6's necks (Li et al., 2022 and 2023; MMYOLO): path aggregation of three levels with stages of re-parameterised blocks and
// transposed convolutions. The Bi variants join three levels at a time and read one more, finer level; the CSP variants of the
// larger models have blocks on part of the channels.

import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { ConvTranspose2d } from '../../nn/conv-transpose2d';
import { actCfg } from '../../nn/layer-options';
import { Sequential } from '../../nn/module-list';
import { BepC3StageBlock } from '../layers/bep-c3-stage-block';
import { BiFusion } from '../layers/bi-fusion';
import { repBlockOption } from '../layers/rep-block';
import { RepStageBlock } from '../layers/rep-stage-block';
import { makeRound, scaled } from '../shared-options/scale-model';
import type { FeatureSpec } from '../types';
import { inferScaledChannels, levelStrides } from './infer-scaled-channels';
import { torchStartOption, YOLONeck, yoloNeckOptions } from './yolo-neck';

const shared = {
  ...yoloNeckOptions,
  out_channels: z
    .tuple([z.int().positive(), z.int().positive(), z.int().positive()])
    .describe('Channels of the three output levels, before widen_factor'),
  num_csp_blocks: z.int().min(0).default(12).describe('Blocks of each stage, before deepen_factor'),
  act_cfg: actCfg.default({ type: 'ReLU', inplace: true }).describe('Activation of the layers between the stages'),
  block_cfg: repBlockOption('RepVGGBlock'),
  init_cfg: torchStartOption,
};
const csp = {
  hidden_ratio: z.number().positive().default(0.5).describe('Share of the channels that goes through the blocks'),
  block_act_cfg: actCfg.default({ type: 'SiLU', inplace: true }).describe('Activation around the blocks'),
};
const options = z.strictObject(shared);
const cspOptions = z.strictObject({ ...shared, ...csp });
type Options = z.output<typeof options> & Partial<z.output<typeof cspOptions>> & { in_channels: number[] };

/**
 * With `hidden_ratio` the stages are those of the larger models; with four `in_channels` the first level is read beside.
 *
 * @example new YOLOv6RepPAFPN({ ...yolov6RepPafpn.options.parse({ out_channels: [128, 256, 512] }), in_channels: [256, 512, 1024] })
 */
export class YOLOv6RepPAFPN extends YOLONeck {
  constructor(o: Options, inputs?: FeatureSpec[]) {
    const finest = o.in_channels.length - 3; // of the three levels among the inputs
    const all = o.in_channels.map((c) => scaled(c, o.widen_factor));
    const [reads, writes] = [all.slice(finest), o.out_channels.map((c) => scaled(c, o.widen_factor))];
    const strides = levelStrides(3, inputs?.slice(finest));
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const conv = (inChannels: number, outChannels: number, kernelSize: 1 | 3) => {
      const shape = { inChannels, outChannels, kernelSize, stride: kernelSize === 3 ? 2 : 1, padding: kernelSize >> 1 };
      return new ConvModule({ ...shape, ...layers });
    };
    const stage = (inChannels: number, outChannels: number) => {
      const numBlocks = makeRound(o.num_csp_blocks, o.deepen_factor);
      const config = { inChannels, outChannels, numBlocks, block: o.block_cfg };
      const { hidden_ratio: hiddenRatio, block_act_cfg: actCfg = null } = o;
      if (hiddenRatio === undefined) return new RepStageBlock(config);
      return new BepC3StageBlock({ ...config, hiddenRatio, normCfg: o.norm_cfg, actCfg });
    };
    super(
      { ...o, levels: 3, finest, outputs: writes.map((channels, i) => ({ channels, stride: strides[i] })) },
      {
        reduce: (level) => (level === 2 ? conv(reads[2], writes[1], 1) : undefined),
        upsample: (level) => {
          const outChannels = writes[level - 1];
          if (finest === 0)
            return new ConvTranspose2d({ inChannels: outChannels, outChannels, kernelSize: 2, stride: 2 });
          const finerChannels = all[level - 1]; // all[0] is the finer level beside
          return new BiFusion({ channels: reads[level - 1], finerChannels, outChannels, ...layers });
        },
        topDown: (level) => {
          const joined = stage(writes[level - 1] + (finest === 0 ? reads[level - 1] : 0), writes[level - 1]);
          return level === 1 ? joined : new Sequential([joined, conv(writes[1], writes[0], 1)]);
        },
        downsample: (level) => conv(writes[level], writes[level], 3),
        bottomUp: (level) => stage(2 * writes[level], writes[level + 1]),
      },
    );
  }
}

function infer(type: string, o: Omit<Options, 'in_channels'> & { in_channels?: number[] }, context: BuildContext) {
  const in_channels = inferScaledChannels(type, o, context, (c) => scaled(c, o.widen_factor));
  const levels = type.includes('BiPAFPN') ? 4 : 3;
  if (in_channels.length !== levels)
    throw new DetLabError(
      `Cannot build neck "${type}"${context.path ? ` at ${context.path}` : ''}: expected ${levels} levels, received ` +
        `${in_channels.length}. ${levels === 4 ? 'It reads the level before the three that it puts out: ' : ''}Set out_indices of the backbone`,
    );
  return { ...o, in_channels };
}

const define = <Type extends string>(type: Type, summary: string, example: string) =>
  defineModule({
    kind: 'neck',
    type,
    summary,
    paper: 'Li et al.: YOLOv6 v3.0: A Full-Scale Reloading, 2023; MMYOLO',
    shapes:
      '[N, H/s, W/s, in_channels[i] * widen_factor] for each level -> three levels of out_channels * widen_factor',
    example: `{ type: '${type}', out_channels: [128, 256, 512], ${example} }`,
    options: type.includes('CSP') ? cspOptions : options,
    inferred: { in_channels: "the backbone's channels over widen_factor" },
    infer: (o: z.output<typeof options>, context: BuildContext) => infer(type, o, context),
    build: (o: z.output<typeof options>, { inputs }: BuildContext) => new YOLOv6RepPAFPN(o as Options, inputs),
  });

const small = 'deepen_factor: 0.33, widen_factor: 0.5';
export const yolov6Necks = [
  define('YOLOv6RepPAFPN', "YOLOv6's path aggregation with re-parameterised blocks.", small),
  define('YOLOv6CSPRepPAFPN', "YOLOv6's path aggregation of the larger models: blocks on part of the channels.", small),
  define('YOLOv6RepBiPAFPN', "YOLOv6 v3.0's path aggregation, which joins three levels at a time.", small),
  define('YOLOv6CSPRepBiPAFPN', "YOLOv6 v3.0's path aggregation of the larger models.", small),
] as const;
