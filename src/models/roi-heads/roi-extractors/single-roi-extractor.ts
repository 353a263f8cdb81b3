// SingleRoIExtractor: each RoI is pooled from the one feature level that suits its size (Lin et al., FPN, eq. 1).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { initCfg, Module } from '../../../nn';
import { inferHeadChannels } from '../../inferred-options/infer-head-channels';
import type { FeatureSpec } from '../../types';
import { scaleRois } from '../rois';
import type { RoIExtractor, RoILayer, RoIPooling } from '../types';
import { buildRoILayers, learnedLayers } from './roi-layers';

const options = z.strictObject({
  roi_layer: moduleOption('roi_layer').describe('Pooling layer'),
  out_channels: z.number().int().positive().optional().describe('Channels of the feature levels'),
  featmap_strides: z
    .array(z.number().positive())
    .min(1)
    .optional()
    .describe('Strides of the feature levels to pool from, finest first'),
  finest_scale: z
    .number()
    .positive()
    .default(56)
    .describe('RoIs whose scale (square root of the area) is below twice this are pooled from the finest level'),
  init_cfg: ignoredOption('only pooling layers have weights, and an initialisation of their own', {
    schema: initCfg.nullish(),
    lost: true,
  }),
});
type Options = z.output<typeof options> & { out_channels: number; featmap_strides: number[] };

/** Stride of the coarsest level pooled from by default; coarser ones are for proposals alone. */
const COARSEST = 32;

export class SingleRoIExtractor extends Module implements RoIExtractor {
  readonly output: FeatureSpec & { size: [number, number] };

  constructor(
    private readonly options: Options,
    readonly layers: readonly RoILayer[],
  ) {
    super();
    const [layer] = layers;
    const channels = layer.outputChannels?.(options.out_channels) ?? options.out_channels;
    this.output = { channels, stride: 1, size: layer.outputSize };
    const learned = learnedLayers(layers);
    if (learned) this.addChild('roi_layers', learned);
  }

  get numInputs(): number {
    return this.options.featmap_strides.length;
  }

  get pooling(): RoIPooling {
    const { finest_scale, featmap_strides: strides } = this.options;
    return { levels: 'one', strides, finestScale: finest_scale };
  }

  /** Level of each RoI: floor(log2(sqrt(area) / finest_scale)), in single precision, within the levels there are. */
  levels(rois: Float32Array): Int32Array {
    const f = Math.fround;
    const { finest_scale: finest, featmap_strides: strides } = this.options;
    const levels = new Int32Array(rois.length / 5);
    for (let i = 0, at = 0; i < levels.length; i++, at += 5) {
      const area = f(f(rois[at + 3] - rois[at + 1]) * f(rois[at + 4] - rois[at + 2]));
      const level = Math.floor(f(Math.log2(f(f(f(Math.sqrt(area)) / finest) + f(1e-6)))));
      levels[i] = level > 0 ? Math.min(level, strides.length - 1) : 0;
    }
    return levels;
  }

  order(rois: Float32Array): Int32Array {
    return byLevel(this.levels(rois));
  }

  forward(features: tf.Tensor4D[], given: Float32Array, { scale = 1 } = {}): tf.Tensor4D {
    const { featmap_strides: strides } = this.options;
    const levels = this.levels(given);
    const rois = scaleRois(given, scale);
    const order = byLevel(levels);
    const sorted = new Float32Array(rois.length);
    order.forEach((from, to) => {
      sorted.set(rois.subarray(5 * from, 5 * from + 5), 5 * to);
    });
    const pooled: tf.Tensor4D[] = [];
    let start = 0;
    for (const [level, stride] of strides.entries()) {
      const count = levels.reduce((n, l) => n + (l === level ? 1 : 0), 0);
      if (count === 0) continue;
      const ofLevel = tf.tensor2d(sorted.subarray(5 * start, 5 * (start + count)), [count, 5]);
      pooled.push(this.layers[level].forward(features[level], ofLevel, 1 / stride));
      start += count;
    }
    if (pooled.length === 0) return tf.zeros([0, ...this.output.size, this.output.channels]);
    const joined = pooled.length === 1 ? pooled[0] : tf.concat(pooled, 0);
    if (pooled.length > 1) tf.dispose(pooled);
    if (order.every((from, to) => from === to)) return joined;
    const back = new Int32Array(order.length);
    order.forEach((from, to) => {
      back[from] = to;
    });
    return tf.gather(joined, tf.tensor1d(back, 'int32'));
  }
}

/** Indices by rising level; within a level the order stays. */
function byLevel(levels: Int32Array): Int32Array {
  return Int32Array.from(levels.keys()).sort((i, j) => levels[i] - levels[j] || i - j);
}

/** Fills channels and strides of an extractor from the levels it pools from, or checks them. */
export function inferLevels<O extends { out_channels?: number; featmap_strides?: number[] }>(
  type: string,
  given: O,
  context: BuildContext,
): O & { out_channels: number; featmap_strides: number[] } {
  const { inputs, path } = context;
  const out_channels = inferHeadChannels(type, given.out_channels, context, 'out_channels');
  const neckStrides = inputs?.map((level) => level.stride);
  const strides = given.featmap_strides ?? neckStrides?.filter((stride, i) => i === 0 || stride <= COARSEST);
  if (!strides)
    throw new DetLabError(
      `Cannot build ${type} at ${path}: featmap_strides are neither given nor known from a neck. Give them, for example [4, 8, 16, 32]`,
    );
  if (neckStrides && strides.some((stride, i) => stride !== neckStrides[i]))
    throw new DetLabError(
      `Cannot attach ${type} at ${path}: its featmap_strides are [${strides.join(', ')}], but the features it ` +
        `pools from have strides [${neckStrides.join(', ')}]. Leave featmap_strides out to take theirs`,
    );
  return { ...given, out_channels, featmap_strides: strides };
}

export const singleRoIExtractorDefinition = defineModule({
  kind: 'roi_extractor',
  type: 'SingleRoIExtractor',
  summary: 'Pools each RoI from the feature level that suits its size',
  paper: 'Lin et al., Feature Pyramid Networks, CVPR 2017',
  shapes: 'feature levels [N, H, W, C], RoIs [K, 5] -> [K, height, width, C]',
  example: "{ type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7, sampling_ratio: 0 } }",
  options,
  inferred: { out_channels: "the neck's channels", featmap_strides: "the neck's strides up to 32" },
  infer: (given, context) => inferLevels('SingleRoIExtractor', given, context),
  build: (given, context) => {
    const { featmap_strides: strides, out_channels } = given as Options;
    return new SingleRoIExtractor(given as Options, buildRoILayers(given.roi_layer, strides, out_channels, context));
  },
});
