// YOLOv8's neck (MMYOLO): path aggregation with CSP layers of two convolutions on concatenated levels. Channels in the config
// are those of the largest model; `widen_factor` and `deepen_factor` scale it, channels to multiples of 8.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { Conv2d } from '../../nn/conv2d';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { torchDefault, torchDefaultBias } from '../../nn/initializers';
import { actCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { CSPLayerWithTwoConv } from '../layers/csp-layer-with-two-conv';
import { makeDivisible, makeRound } from '../shared-options/scale-model';
import type { FeatureSpec, Neck } from '../types';

const options = z.strictObject({
  in_channels: z
    .array(z.int().positive())
    .min(2)
    .optional()
    .describe('Channels of each backbone level, before widen_factor'),
  out_channels: z
    .union([z.int().positive(), z.array(z.int().positive())])
    .describe('Channels of the output levels, before widen_factor'),
  deepen_factor: z.number().positive().default(1).describe('Depth multiplier'),
  widen_factor: z.number().positive().default(1).describe('Width multiplier'),
  num_csp_blocks: z.int().min(0).default(3).describe('Blocks of each CSP layer, before deepen_factor'),
  freeze_all: z.boolean().default(false).describe('Freeze the neck'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'BN', requires_grad: true, momentum: 0.03, eps: 0.001 })
    .describe('Norm'),
  act_cfg: actCfg.nullable().default({ type: 'SiLU', inplace: true }).describe('Activation'),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: PyTorch's own start"),
});
type Options = z.output<typeof options> & { in_channels: number[]; out_channels: number[] };

/**
 * @example new YOLOv8PAFPN({ ...yolov8Pafpn.options.parse({ out_channels: [256, 512, 1024], widen_factor: 0.5 }), in_channels: [256, 512, 1024], out_channels: [256, 512, 1024] })
 */
export class YOLOv8PAFPN extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly topDownLayers: ModuleList<CSPLayerWithTwoConv>;
  private readonly downsampleLayers: ModuleList<ConvModule>;
  private readonly bottomUpLayers: ModuleList<CSPLayerWithTwoConv>;

  constructor(options: Options, inputs?: FeatureSpec[]) {
    super();
    const { in_channels, out_channels, norm_cfg: normCfg, act_cfg: actCfg, widen_factor } = options;
    const width = (channels: number) => makeDivisible(channels, widen_factor);
    const csp = (from: number, to: number) =>
      new CSPLayerWithTwoConv({
        ...{ inChannels: width(from), outChannels: width(to), addIdentity: false, normCfg, actCfg },
        numBlocks: makeRound(options.num_csp_blocks, options.deepen_factor),
      });
    const finer = [...in_channels.keys()].slice(0, -1);
    this.topDownLayers = this.addChild(
      'top_down_layers',
      new ModuleList([...finer].reverse().map((i) => csp(in_channels[i] + in_channels[i + 1], out_channels[i]))),
    );
    this.downsampleLayers = this.addChild(
      'downsample_layers',
      new ModuleList(
        finer.map((i) => {
          const channels = width(in_channels[i]);
          const shape = { inChannels: channels, outChannels: channels, kernelSize: 3, stride: 2, padding: 1 };
          return new ConvModule({ ...shape, normCfg, actCfg });
        }),
      ),
    );
    this.bottomUpLayers = this.addChild(
      'bottom_up_layers',
      new ModuleList(finer.map((i) => csp(out_channels[i] + out_channels[i + 1], out_channels[i + 1]))),
    );
    this.outputs = out_channels.map((channels, i) => ({
      channels: width(channels),
      stride: inputs?.[i].stride ?? 8 * 2 ** i,
    }));
    if (options.init_cfg) applyInitCfg(this, options.init_cfg);
    else
      for (const [, part] of this.modules())
        if (part instanceof Conv2d) {
          const [kh, kw, fanIn] = part.weight.variable.shape;
          part.weight.initializer = torchDefault;
          if (part.bias) part.bias.initializer = torchDefaultBias(kh * kw * fanIn);
        }
    if (options.freeze_all) this.freeze();
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const inner = [...inputs];
      for (const [step, layer] of [...this.topDownLayers].entries()) {
        const i = inputs.length - 2 - step;
        inner[i] = layer.forward([inner[i + 1], inputs[i]]);
      }
      const outs = [inner[0]];
      for (const [i, layer] of [...this.bottomUpLayers].entries())
        outs.push(layer.forward([this.downsampleLayers.at(i).forward(outs[i]), inner[i + 1]]));
      return outs;
    });
  }
}

/** Channels before scaling, checked against those of the backbone and against each other. */
function infer(o: z.output<typeof options>, { inputs, path }: BuildContext): Options {
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot build neck "YOLOv8PAFPN"${path ? ` at ${path}` : ''}: ${what}`);
  };
  const found = inputs?.map((level) => level.channels);
  const width = (channels: number) => makeDivisible(channels, o.widen_factor);
  const in_channels = o.in_channels ?? found?.map((channels) => Math.round(channels / o.widen_factor));
  if (!in_channels) return fail('in_channels is not given and there is no backbone to take it from');
  const scaled = in_channels.map(width);
  if (found && scaled.join() !== found.join())
    fail(
      `in_channels [${in_channels.join(', ')}] times widen_factor ${o.widen_factor} are [${scaled.join(', ')}], but the ` +
        `backbone gives [${found.join(', ')}]. Give both the same widen_factor, or leave in_channels out`,
    );
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
