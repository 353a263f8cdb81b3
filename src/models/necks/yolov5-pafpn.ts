// YOLOv5's neck (Jocher et al., 2020; MMYOLO): path aggregation with CSP layers on concatenated levels. A level goes to the
// channels of the finer one before the two meet. Channels are rounded up to multiples of 8.

import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { Sequential } from '../../nn/module-list';
import { CSPLayer } from '../layers/csp-layer';
import { makeDivisible, makeRound } from '../shared-options/scale-model';
import type { FeatureSpec } from '../types';
import { inferScaledChannels, levelStrides } from './infer-scaled-channels';
import { torchStartOption, YOLONeck, yoloNeckOptions } from './yolo-neck';

const options = z.strictObject({
  ...yoloNeckOptions,
  out_channels: z
    .union([z.int().positive(), z.array(z.int().positive())])
    .optional()
    .describe('Channels of the output levels, before widen_factor: those of the input levels'),
  num_csp_blocks: z.int().min(0).default(1).describe('Blocks of each CSP layer, before deepen_factor'),
  init_cfg: torchStartOption,
});
type Options = z.output<typeof options> & { in_channels: number[] };

/**
 * @example new YOLOv5PAFPN({ ...yolov5Pafpn.options.parse({ widen_factor: 0.5 }), in_channels: [256, 512, 1024] })
 */
export class YOLOv5PAFPN extends YOLONeck {
  constructor(o: Options, inputs?: FeatureSpec[]) {
    const levels = o.in_channels.length;
    const widths = o.in_channels.map((channels) => makeDivisible(channels, o.widen_factor));
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const numBlocks = makeRound(o.num_csp_blocks, o.deepen_factor);
    const csp = (inChannels: number, outChannels: number) =>
      new CSPLayer({ inChannels, outChannels, numBlocks, addIdentity: false, ...layers });
    const conv = (inChannels: number, outChannels: number) =>
      new ConvModule({ inChannels, outChannels, kernelSize: 1, ...layers });
    const strides = levelStrides(levels, inputs);
    super(
      { ...o, levels, outputs: widths.map((channels, i) => ({ channels, stride: strides[i] })) },
      {
        reduce: (level) => (level === levels - 1 ? conv(widths[level], widths[level - 1]) : undefined),
        topDown: (level) => {
          const joined = csp(2 * widths[level - 1], widths[level - 1]);
          return level === 1 ? joined : new Sequential([joined, conv(widths[level - 1], widths[level - 2])]);
        },
        downsample: (level) => {
          const channels = widths[level];
          const shape = { inChannels: channels, outChannels: channels, kernelSize: 3, stride: 2, padding: 1 };
          return new ConvModule({ ...shape, ...layers });
        },
        bottomUp: (level) => csp(2 * widths[level], widths[level + 1]),
      },
    );
  }
}

function infer(o: z.output<typeof options>, context: BuildContext): Options {
  const in_channels = inferScaledChannels('YOLOv5PAFPN', o, context, (c) => makeDivisible(c, o.widen_factor));
  const outs = typeof o.out_channels === 'number' ? in_channels.map(() => o.out_channels as number) : o.out_channels;
  // MMYOLO does not read out_channels
  if (outs && outs.join() !== in_channels.join())
    throw new DetLabError(
      `Cannot build neck "YOLOv5PAFPN"${context.path ? ` at ${context.path}` : ''}: its outputs have the channels of its ` +
        `inputs, [${in_channels.join(', ')}], but out_channels is [${outs.join(', ')}]. Leave out_channels out`,
    );
  return { ...o, in_channels };
}

export const yolov5Pafpn = defineModule({
  kind: 'neck',
  type: 'YOLOv5PAFPN',
  summary: "YOLOv5's path aggregation: CSP layers on concatenated levels, top-down then bottom-up.",
  paper: 'Jocher et al.: Ultralytics YOLOv5, 2020',
  shapes: '[N, H/s, W/s, in_channels[i] * widen_factor] for each level -> the same for each level',
  example: "{ type: 'YOLOv5PAFPN', deepen_factor: 0.33, widen_factor: 0.5, num_csp_blocks: 3 }",
  options,
  inferred: { in_channels: "the backbone's channels over widen_factor" },
  infer,
  build: (o, { inputs }) => new YOLOv5PAFPN(o as Options, inputs),
});
