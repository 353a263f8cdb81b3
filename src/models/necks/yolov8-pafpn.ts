// YOLOv8's neck (MMYOLO): path aggregation with CSP layers of two convolutions on concatenated levels. Channels in the config
// are those of the largest model; `widen_factor` and `deepen_factor` scale it, channels to multiples of 8.

import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { CSPLayerWithTwoConv } from '../layers/csp-layer-with-two-conv';
import { makeDivisible, makeRound } from '../shared-options/scale-model';
import type { FeatureSpec } from '../types';
import { inferScaledChannels, levelStrides } from './infer-scaled-channels';
import { torchStartOption, YOLONeck, yoloNeckOptions } from './yolo-neck';

const options = z.strictObject({
  ...yoloNeckOptions,
  out_channels: z
    .union([z.int().positive(), z.array(z.int().positive())])
    .describe('Channels of the output levels, before widen_factor'),
  num_csp_blocks: z.int().min(0).default(3).describe('Blocks of each CSP layer, before deepen_factor'),
  init_cfg: torchStartOption,
});
type Options = z.output<typeof options> & { in_channels: number[]; out_channels: number[] };

/**
 * @example new YOLOv8PAFPN({ ...yolov8Pafpn.options.parse({ out_channels: [256, 512, 1024], widen_factor: 0.5 }), in_channels: [256, 512, 1024], out_channels: [256, 512, 1024] })
 */
export class YOLOv8PAFPN extends YOLONeck {
  constructor(o: Options, inputs?: FeatureSpec[]) {
    const { in_channels, out_channels, norm_cfg: normCfg, act_cfg: actCfg } = o;
    const levels = in_channels.length;
    const width = (channels: number) => makeDivisible(channels, o.widen_factor);
    const csp = (from: number, to: number) =>
      new CSPLayerWithTwoConv({
        ...{ inChannels: width(from), outChannels: width(to), addIdentity: false, normCfg, actCfg },
        numBlocks: makeRound(o.num_csp_blocks, o.deepen_factor),
      });
    const strides = levelStrides(levels, inputs);
    super(
      { ...o, levels, outputs: out_channels.map((channels, i) => ({ channels: width(channels), stride: strides[i] })) },
      {
        topDown: (level) => csp(in_channels[level - 1] + in_channels[level], out_channels[level - 1]),
        downsample: (level) => {
          const channels = width(in_channels[level]);
          const shape = { inChannels: channels, outChannels: channels, kernelSize: 3, stride: 2, padding: 1 };
          return new ConvModule({ ...shape, normCfg, actCfg });
        },
        bottomUp: (level) => csp(out_channels[level] + out_channels[level + 1], out_channels[level + 1]),
      },
    );
  }
}

/** Channels before scaling, checked against those of the backbone and against each other. */
function infer(o: z.output<typeof options>, context: BuildContext): Options {
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot build neck "YOLOv8PAFPN"${context.path ? ` at ${context.path}` : ''}: ${what}`);
  };
  const width = (channels: number) => makeDivisible(channels, o.widen_factor);
  const in_channels = inferScaledChannels('YOLOv8PAFPN', o, context, width);
  const scaled = in_channels.map(width);
  const out_channels =
    typeof o.out_channels === 'number' ? in_channels.map(() => o.out_channels as number) : o.out_channels;
  if (out_channels.length !== in_channels.length)
    fail(`expected out_channels of ${in_channels.length} levels, received ${out_channels.length}`);
  // what a layer reads is what the two maps before it have together
  const joint = (where: string, expected: number, parts: number[]) => {
    const sum = parts.reduce((a, b) => a + b, 0);
    if (expected !== sum)
      fail(
        `${where} reads ${expected} channels, but its maps have ${parts.join(' + ')}. Choose channels that scale to multiples of 8`,
      );
  };
  const last = in_channels.length - 1;
  for (let i = last - 1; i >= 0; i--) {
    const above = i + 1 === last ? scaled[last] : width(out_channels[i + 1]);
    joint(`the top-down layer of level ${i}`, width(in_channels[i] + in_channels[i + 1]), [above, scaled[i]]);
  }
  for (let i = 0; i < last; i++) {
    if (width(out_channels[i]) !== scaled[i])
      fail(`level ${i} has ${width(out_channels[i])} output channels, but its strided convolution reads ${scaled[i]}`);
    const inner = i + 1 === last ? scaled[last] : width(out_channels[i + 1]);
    joint(`the bottom-up layer of level ${i + 1}`, width(out_channels[i] + out_channels[i + 1]), [scaled[i], inner]);
  }
  return { ...o, in_channels, out_channels };
}

export const yolov8Pafpn = defineModule({
  kind: 'neck',
  type: 'YOLOv8PAFPN',
  summary: "YOLOv8's path aggregation: C2f layers on concatenated levels, top-down then bottom-up.",
  paper: 'Jocher et al.: Ultralytics YOLOv8, 2023',
  shapes:
    '[N, H/s, W/s, in_channels[i] * widen_factor] for each level -> as many levels of out_channels * widen_factor',
  example: "{ type: 'YOLOv8PAFPN', out_channels: [256, 512, 1024], deepen_factor: 0.33, widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the backbone's channels over widen_factor" },
  infer,
  build: (o, { inputs }) => new YOLOv8PAFPN(o as Options, inputs),
});
