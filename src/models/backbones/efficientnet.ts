// EfficientNet (Tan and Le, ICML 2019) and EfficientNet-EdgeTPU (Gupta and Akin, 2020): one table of blocks, scaled in width and depth.
// The last stages are only built where they are read, as in MMDetection. There `norm_eval` leaves SyncBN in training; here it holds it too.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { evaluateNorms } from '../../nn/evaluate-norms';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { actCfg, convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList, Sequential } from '../../nn/module-list';
import { EdgeResidual } from '../layers/edge-residual';
import { InvertedResidual } from '../layers/inverted-residual';
import type { Backbone, FeatureSpec } from '../types';
import { divisible } from './divisible';
import { outputsOfLayers } from './outputs-of-layers';
import { withCp } from './residual-options';

/** Kernel, channels, whether channels are weighed, stride, expansion, kind. */
type Setting = readonly [kernel: number, channels: number, se: number, stride: number, expansion: number, kind: Kind];
type Kind = 'inverted' | 'edge';
type Part = Module & { forward(x: tf.Tensor4D): tf.Tensor4D };

const repeat = (times: number, setting: Setting): Setting[] =>
  Array.from({ length: times }, (_, i) =>
    i === 0 ? setting : [...setting.slice(0, 3), 1, ...setting.slice(4)],
  ) as Setting[];

/** Stages between the stem, 32 channels, and the last 1x1 convolution, 1280. */
const STAGES: Record<'b' | 'e', Setting[][]> = {
  b: [
    repeat(1, [3, 16, 4, 1, 1, 'inverted']),
    repeat(2, [3, 24, 4, 2, 6, 'inverted']),
    repeat(2, [5, 40, 4, 2, 6, 'inverted']),
    [...repeat(3, [3, 80, 4, 2, 6, 'inverted']), ...repeat(3, [5, 112, 4, 1, 6, 'inverted'])],
    [...repeat(4, [5, 192, 4, 2, 6, 'inverted']), ...repeat(1, [3, 320, 4, 1, 6, 'inverted'])],
  ],
  e: [
    repeat(1, [3, 24, 0, 1, 3, 'edge']),
    repeat(2, [3, 32, 0, 2, 8, 'edge']),
    repeat(4, [3, 48, 0, 2, 8, 'edge']),
    [...repeat(5, [5, 96, 0, 2, 8, 'inverted']), ...repeat(4, [5, 144, 0, 1, 8, 'inverted'])],
    repeat(2, [5, 192, 0, 2, 8, 'inverted']),
  ],
};
/** Factors of width and depth. */
const SCALES = {
  b0: [1, 1],
  b1: [1, 1.1],
  b2: [1.1, 1.2],
  b3: [1.2, 1.4],
  b4: [1.4, 1.8],
  b5: [1.6, 2.2],
  b6: [1.8, 2.6],
  b7: [2, 3.1],
  b8: [2.2, 3.6],
  es: [1, 1],
  em: [1, 1.1],
  el: [1.2, 1.4],
} as const;
const archNames = Object.keys(SCALES) as (keyof typeof SCALES)[];
const stage = z.int().min(0).max(6);

const options = z.strictObject({
  arch: z.enum(archNames).default('b0').describe('Architecture: b0 to b8, or es, em and el of EdgeTPU'),
  drop_path_rate: z.number().min(0).lt(1).default(0).describe('Stochastic depth of the last block; it grows from 0'),
  out_indices: z
    .array(stage)
    .min(1)
    .default([6])
    .describe('Indices of the stages returned: 0 the stem, 6 the last convolution'),
  frozen_stages: z
    .int()
    .min(0)
    .max(7)
    .default(0)
    .describe('Number of first stages, with the stem, that stay as they are'),
  conv_cfg: convCfg.nullable().default({ type: 'Conv2dAdaptivePadding' }).describe('Convolution type'),
  norm_cfg: normCfg
    .default({ type: 'BN', requires_grad: true, eps: 1e-3, momentum: 0.1 })
    .describe('Normalisation type'),
  act_cfg: actCfg.default({ type: 'Swish' }).describe('Activation type'),
  norm_eval: z
    .boolean()
    .default(false)
    .describe('Keep batch norms in evaluation mode (running statistics) while training'),
  with_cp: withCp,
  init_cfg: initCfg
    .nullable()
    .default([
      { type: 'Kaiming', layer: 'Conv2d' },
      { type: 'Constant', layer: ['_BatchNorm', 'GroupNorm'], val: 1 },
    ])
    .describe('Weight initialisation, or pretrained weights'),
});
export type EfficientNetOptions = z.output<typeof options>;

/** The runs of blocks of one width that an architecture has, scaled. */
export function scaledRuns(arch: EfficientNetOptions['arch']): Setting[][] {
  const [width, depth] = SCALES[arch];
  const runs = STAGES[arch[0] as 'b' | 'e'].flatMap((blocks) => {
    const widths = [...new Set(blocks.map(([, channels]) => channels))];
    return widths.map((one) => blocks.filter(([, channels]) => channels === one));
  });
  return runs.map((run) =>
    Array.from({ length: Math.ceil(depth * run.length) }, (_, k): Setting => {
      const [kernel, channels, ...rest] = run[Math.min(k, run.length - 1)];
      return [kernel, divisible(channels * width), ...rest];
    }),
  );
}

/** Channels of the stem of an architecture. */
export const stemChannels = (arch: EfficientNetOptions['arch']): number => divisible(32 * SCALES[arch][0]);

/** The stages of an architecture: a run of stride 1 goes on with the stage before. */
function scaledStages(arch: EfficientNetOptions['arch']): Setting[][] {
  const stages: Setting[][] = [];
  for (const [i, run] of scaledRuns(arch).entries())
    if (run[0][3] === 1 && i > 0) stages[stages.length - 1].push(...run);
    else stages.push(run);
  return stages;
}

/**
 * @example new EfficientNet(efficientNet.options.parse({ out_indices: [3, 4, 5] })).forward(images) // strides 8, 16, 32
 */
export class EfficientNet extends Module implements Backbone {
  readonly outputs: FeatureSpec[] = [];
  private readonly layers: ModuleList<Part>;

  constructor(private readonly options: EfficientNetOptions) {
    super();
    const { arch, out_indices, drop_path_rate } = options;
    const shared = { convCfg: options.conv_cfg, normCfg: options.norm_cfg, actCfg: options.act_cfg };
    const last = Math.max(...out_indices);
    const stages = scaledStages(arch);
    const blocks = stages.flat().length;
    let channels = stemChannels(arch);
    let stride = 2;
    let built = 0;
    const stem = { inChannels: 3, outChannels: channels, kernelSize: 3, stride: 2, padding: 1 };
    this.layers = this.addChild('layers', new ModuleList<Part>([new ConvModule({ ...stem, ...shared })]));
    const levels = [{ channels, stride }];
    for (const settings of stages.slice(0, last)) {
      const parts = settings.map((setting, i) => {
        const [kernelSize, outChannels, se, step, expansion, kind] = setting;
        const dropPath = (drop_path_rate * built++) / Math.max(blocks - 1, 1);
        // EdgeTPU's first blocks of expansion 3 are of 4 after the first, without a shortcut
        const widened = kind === 'edge' && i > 0 && expansion === 3 ? 4 : expansion;
        const block = { inChannels: channels, outChannels, midChannels: channels * widened, kernelSize, stride: step };
        channels = outChannels;
        stride *= step;
        if (kind === 'edge')
          return new EdgeResidual({ ...block, withResidual: widened === expansion, dropPath, ...shared });
        const gates = [options.act_cfg, { type: 'Sigmoid' }] as const;
        const weights = se > 0 ? { ratio: se * expansion, actCfg: gates } : undefined;
        return new InvertedResidual({ ...block, expand: expansion !== 1, se: weights, dropPath, ...shared });
      });
      this.layers.push(new Sequential<Part>(parts));
      levels.push({ channels, stride });
    }
    if (last > stages.length) {
      const outChannels = divisible(1280 * SCALES[arch][0]);
      this.layers.push(new ConvModule({ inChannels: channels, outChannels, kernelSize: 1, ...shared }));
      levels.push({ channels: outChannels, stride });
    }
    this.outputs = levels.filter((_, i) => out_indices.includes(i));
    applyInitCfg(this, options.init_cfg);
    for (const layer of [...this.layers].slice(0, options.frozen_stages)) layer.freeze();
  }

  /** Training mode; with `norm_eval` the batch norms stay in evaluation mode. */
  override train(mode = true): this {
    super.train(mode);
    if (mode && this.options.norm_eval) evaluateNorms(this);
    return this;
  }

  /** [N, H, W, 3] -> the outputs of `out_indices`. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return outputsOfLayers([...this.layers], x, this.options.out_indices);
  }
}

export const efficientNet = defineModule({
  kind: 'backbone',
  type: 'EfficientNet',
  summary: 'Inverted residual blocks that weigh their channels, scaled in width and depth together.',
  paper: 'Tan and Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019',
  shapes:
    '[N, H, W, 3] -> [N, H/8, W/8, 40], [N, H/16, W/16, 112], [N, H/32, W/32, 320] for b0 and out_indices [3, 4, 5]',
  example: "{ type: 'EfficientNet', arch: 'b0', out_indices: [3, 4, 5] }",
  options,
  build: (o) => new EfficientNet(o),
});
