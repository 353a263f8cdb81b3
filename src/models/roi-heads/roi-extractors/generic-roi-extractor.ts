// GenericRoIExtractor: each RoI is pooled from every feature level, and the pooled maps are summed or concatenated
// (Rossi et al., ICPR 2020), with an optional layer before and after.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { actCfg, ConvModule, convCfg, initCfg, Module, normCfg } from '../../../nn';
import { buildPlugin, type Plugin, pluginCfg } from '../../layers/block-plugins';
import type { FeatureSpec } from '../../types';
import { scaleRois } from '../rois';
import type { RoIExtractor, RoILayer, RoIPooling } from '../types';
import { buildRoILayers, learnedLayers } from './roi-layers';

const size = z.number().int().positive();
const channels = { in_channels: size.describe('Input channels') };
const [contextBlock, nonLocal, generalizedAttention] = pluginCfg.options;
const layer = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('ConvModule').describe('Convolution, norm and activation'),
      ...channels,
      out_channels: size.describe('Output channels'),
      kernel_size: size.describe('Kernel size'),
      stride: size.default(1).describe('Stride'),
      padding: z.number().int().min(0).default(0).describe('Zero padding of each side'),
      conv_cfg: convCfg.nullish().describe('Kind of convolution'),
      norm_cfg: normCfg.nullish().describe('Norm'),
      act_cfg: actCfg.nullable().default({ type: 'ReLU' }).describe('Activation'),
      inplace: ignoredOption('tensors are immutable', { schema: z.boolean().optional(), harmless: anyValue }),
    }),
    contextBlock.omit({ postfix: true }).extend(channels),
    nonLocal.omit({ postfix: true }).extend(channels),
    generalizedAttention.omit({ postfix: true }).extend(channels),
  ])
  .nullish();

const options = z.strictObject({
  roi_layer: moduleOption('roi_layer').describe('Pooling layer'),
  out_channels: size.optional().describe('Channels of a pooled RoI'),
  featmap_strides: z
    .array(z.number().positive())
    .min(1)
    .optional()
    .describe('Strides of the feature levels to pool from, finest first'),
  aggregation: z.enum(['sum', 'concat']).default('sum').describe('How the maps pooled from the levels are combined'),
  pre_cfg: layer.describe('Layer on the map pooled from each level, before the aggregation'),
  post_cfg: layer.describe('Layer after the aggregation'),
  init_cfg: ignoredOption('the layers have an initialisation each', { schema: initCfg.nullish(), lost: true }),
});
type Options = z.output<typeof options> & { out_channels: number; featmap_strides: number[] };
type LayerConfig = NonNullable<Options['pre_cfg']>;

export class GenericRoIExtractor extends Module implements RoIExtractor {
  readonly output: FeatureSpec & { size: [number, number] };
  private readonly pre?: Plugin;
  private readonly post?: Plugin;

  constructor(
    private readonly options: Options,
    readonly layers: readonly RoILayer[],
  ) {
    super();
    this.output = { channels: options.out_channels, stride: 1, size: layers[0].outputSize };
    const learned = learnedLayers(layers);
    if (learned) this.addChild('roi_layers', learned);
    if (options.post_cfg) this.post = this.addChild('post_module', buildLayer(options.post_cfg));
    if (options.pre_cfg) this.pre = this.addChild('pre_module', buildLayer(options.pre_cfg));
  }

  get numInputs(): number {
    return this.options.featmap_strides.length;
  }

  get pooling(): RoIPooling {
    return { levels: 'all', strides: this.options.featmap_strides, combine: (pooled) => this.combine(pooled) };
  }

  /** RoIs need no order: all are pooled from all levels. */
  order(rois: Float32Array): Int32Array {
    return Int32Array.from({ length: rois.length / 5 }, (_, i) => i);
  }

  forward(features: tf.Tensor4D[], given: Float32Array, { scale = 1 } = {}): tf.Tensor4D {
    const { featmap_strides: strides, out_channels } = this.options;
    const rois = scaleRois(given, scale);
    if (rois.length === 0) return tf.zeros([0, ...this.output.size, out_channels]);
    return tf.tidy(() => {
      const boxes = tf.tensor2d(rois, [rois.length / 5, 5]);
      return this.combine(features.map((x, i) => this.layers[i].forward(x, boxes, 1 / strides[i])));
    });
  }

  /** The maps pooled from each level as one. */
  private combine(pooled: tf.Tensor4D[]): tf.Tensor4D {
    // one level is returned as it is
    if (pooled.length === 1) return pooled[0];
    const parts = this.pre ? pooled.map((x) => this.pre!.forward(x)) : pooled;
    const whole = this.options.aggregation === 'sum' ? (tf.addN(parts) as tf.Tensor4D) : tf.concat(parts, 3);
    return this.post ? this.post.forward(whole) : whole;
  }
}

function buildLayer(c: LayerConfig): Plugin {
  if (c.type !== 'ConvModule') return buildPlugin({ ...c, postfix: '' }, c.in_channels)[1];
  return new ConvModule({
    inChannels: c.in_channels,
    outChannels: c.out_channels,
    kernelSize: c.kernel_size,
    stride: c.stride,
    padding: c.padding,
    convCfg: c.conv_cfg,
    normCfg: c.norm_cfg,
    actCfg: c.act_cfg,
  });
}

function inferLevels(given: z.output<typeof options>, { inputs, path }: BuildContext): Options {
  const neckStrides = inputs?.map((level) => level.stride);
  const strides = given.featmap_strides ?? neckStrides?.filter((stride, i) => i === 0 || stride <= 32);
  if (!strides)
    throw new DetLabError(
      `Cannot build GenericRoIExtractor at ${path}: featmap_strides are neither given nor known from a neck. Give them, for example [4, 8, 16, 32]`,
    );
  if (neckStrides && strides.some((stride, i) => stride !== neckStrides[i]))
    throw new DetLabError(
      `Cannot attach GenericRoIExtractor at ${path}: its featmap_strides are [${strides.join(', ')}], but the features it ` +
        `pools from have strides [${neckStrides.join(', ')}]. Leave featmap_strides out to take theirs`,
    );
  const channels = inputs?.slice(0, strides.length).map((level) => level.channels);
  const pooled = channels && (given.aggregation === 'sum' ? channels[0] : channels.reduce((a, b) => a + b, 0));
  const { post_cfg: post } = given;
  const out_channels = given.out_channels ?? (post?.type === 'ConvModule' ? post.out_channels : undefined) ?? pooled;
  if (out_channels === undefined)
    throw new DetLabError(
      `Cannot build GenericRoIExtractor at ${path}: out_channels is neither given nor known from a neck. Give a number, for example 256`,
    );
  if (pooled !== undefined && !given.pre_cfg && !given.post_cfg && out_channels !== pooled)
    throw new DetLabError(
      `Cannot attach GenericRoIExtractor at ${path}: its out_channels is ${out_channels}, but with aggregation ` +
        `"${given.aggregation}" levels of [${channels!.join(', ')}] channels give ${pooled}`,
    );
  return { ...given, out_channels, featmap_strides: strides };
}

export const genericRoIExtractorDefinition = defineModule({
  kind: 'roi_extractor',
  type: 'GenericRoIExtractor',
  summary: 'Pools each RoI from all feature levels and sums or concatenates the maps',
  paper: 'Rossi et al., A novel Region of Interest Extraction Layer for Instance Segmentation, ICPR 2020',
  shapes: 'feature levels [N, H, W, C], RoIs [K, 5] -> [K, height, width, C]',
  example: "{ type: 'GenericRoIExtractor', aggregation: 'sum', roi_layer: { type: 'RoIAlign', output_size: 7 } }",
  options,
  inferred: { out_channels: "the neck's channels", featmap_strides: "the neck's strides up to 32" },
  infer: inferLevels,
  build: (given, context) => {
    const { featmap_strides: strides } = given as Options;
    return new GenericRoIExtractor(given as Options, buildRoILayers(given.roi_layer, strides, context.inputs, context));
  },
});
