// SSDHead: one pair of convolutions a level, softmax with a background class, and per image the hardest negatives at three
// to one (Liu et al., ECCV 2016). Losses are summed over images; with `use_depthwise` it is the head of SSDLite.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import {
  type ActCfg,
  actCfg,
  applyInitCfg,
  Conv2d,
  ConvModule,
  convCfg,
  DepthwiseSeparableConvModule,
  initCfg,
  ModuleList,
  type NormCfg,
  normCfg,
  Sequential,
} from '../../nn';
import { stopGradient } from '../../ops';
import { inferNumClasses } from '../inferred-options/infer-num-classes';
import { SmoothL1Loss } from '../losses';
import type { DetBatch, LossContext, Losses } from '../types';
import { AnchorDetectionHead, type AnchorDetectionHeadConfig } from './anchor-detection-head';
import { anchorTrainCfg } from './anchor-head-options';
import { denseTestCfg } from './dense-detections';
import { requireCfg } from './detection-head';

const trainCfg = z.strictObject({
  ...anchorTrainCfg.shape,
  smoothl1_beta: z.number().positive().default(1).describe('Where the box loss turns from quadratic to linear'),
  neg_pos_ratio: z.number().positive().default(3).describe('Hardest negatives per positive, image by image'),
});

const options = z.strictObject({
  num_classes: z.number().int().positive().optional().describe('Foreground classes'),
  in_channels: z.array(z.number().int().positive()).optional().describe('Channels of each feature level'),
  stacked_convs: z.number().int().min(0).default(0).describe('Convolutions before the predictions'),
  feat_channels: z.number().int().positive().default(256).describe('Their channels'),
  use_depthwise: z.boolean().default(false).describe('Depthwise separable convolutions (SSDLite)'),
  conv_cfg: convCfg.nullish().describe('Kind of convolution'),
  norm_cfg: normCfg.nullish().describe('Norm of the convolutions'),
  act_cfg: actCfg.nullish().describe('Activation of the convolutions; none when null'),
  anchor_generator: moduleOption('anchor_generator')
    .default({
      type: 'SSDAnchorGenerator',
      scale_major: false,
      input_size: 300,
      strides: [8, 16, 32, 64, 100, 300],
      ratios: [[2], [2, 3], [2, 3], [2, 3], [2], [2]],
      basesize_ratio_range: [0.1, 0.9],
    })
    .describe('The anchors'),
  bbox_coder: moduleOption('bbox_coder')
    .default({ type: 'DeltaXYWHBBoxCoder', clip_border: true })
    .describe('How a box is told from its anchor'),
  reg_decoded_bbox: z.boolean().default(false).describe('The box loss compares boxes in pixels, not coded shifts'),
  train_cfg: trainCfg.nullish().describe('How it learns; set by the detector'),
  test_cfg: denseTestCfg.nullish().describe('How detections are chosen; set by the detector'),
  init_cfg: initCfg
    .nullable()
    .default({ type: 'Xavier', layer: 'Conv2d', distribution: 'uniform', bias: 0 })
    .describe('Where the weights start from'),
});

type Options = z.output<typeof options>;
export type SSDHeadConfig = Omit<AnchorDetectionHeadConfig, 'in_channels' | 'train_cfg'> &
  Omit<Options, 'in_channels'> & { in_channels: number[] };

type Layer = ConvModule | DepthwiseSeparableConvModule | Conv2d;

export class SSDHead extends AnchorDetectionHead {
  private readonly cls = new ModuleList<Sequential<Layer>>();
  private readonly reg = new ModuleList<Sequential<Layer>>();
  private readonly ssdTrainCfg: z.output<typeof trainCfg> | null | undefined;

  constructor(config: SSDHeadConfig, context: BuildContext) {
    super(config as unknown as AnchorDetectionHeadConfig, context);
    this.ssdTrainCfg = config.train_cfg;
    const counts = this.priors.numBasePriors;
    if (counts.length !== config.in_channels.length)
      throw new DetLabError(
        `Cannot build SSDHead at ${context.path}: expected anchors for each of the ${config.in_channels.length} feature ` +
          `levels (in_channels), received an anchor_generator of ${counts.length} levels`,
      );
    for (const [i, channels] of config.in_channels.entries()) {
      this.cls.push(branch(config, channels, counts[i] * this.scoreChannels));
      this.reg.push(branch(config, channels, counts[i] * 4));
    }
    this.addChild('cls_convs', this.cls);
    this.addChild('reg_convs', this.reg);
    applyInitCfg(this, config.init_cfg);
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): { scores: tf.Tensor4D; deltas: tf.Tensor4D } {
    return { scores: this.cls.at(level).forward(x), deltas: this.reg.at(level).forward(x) };
  }

  override loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses {
    const cfg = requireCfg(this.ssdTrainCfg, 'SSDHead', 'train_cfg');
    const flat = this.flatten(this.forward(features));
    const total = flat.scores.shape[1];
    const each = this.targets(flat.sizes, batch, context, (parts) => this.predictions(flat, parts));
    const all = this.dense(each, total);
    const box = new SmoothL1Loss({ beta: cfg.smoothl1_beta, reduction: 'mean', loss_weight: 1 });
    return {
      loss_cls: each.map((_, i) => {
        const labels = all.labels.subarray(i * total, (i + 1) * total);
        const rows = flat.scores.slice([i, 0, 0], [1, -1, -1]).squeeze<tf.Tensor2D>([0]);
        const truth = tf.oneHot(tf.tensor1d(labels, 'int32'), this.scoreChannels).cast('float32');
        const weights = tf.tensor1d(all.labelWeights.subarray(i * total, (i + 1) * total));
        const losses = tf.mul(tf.neg(tf.sum(tf.mul(tf.logSoftmax(rows), truth), -1)), weights) as tf.Tensor1D;
        const indices = Int32Array.from(labels.keys());
        const positive = indices.filter((k) => labels[k] < this.numClasses);
        const negative = indices.filter((k) => labels[k] === this.numClasses);
        const hard = Math.min(Math.floor(cfg.neg_pos_ratio * positive.length), negative.length);
        // no positive: a zero that keeps the gradient of the layers
        if (positive.length + hard === 0) return tf.mul(tf.sum(losses.slice(0, 1)), 0) as tf.Scalar;
        const among = tf.gather(losses, tf.tensor1d(negative, 'int32'));
        const hardest = stopGradient(among, (values) => {
          const indices = tf.topk(values, hard).indices as tf.Tensor1D;
          return tf.unsortedSegmentSum(tf.ones([hard]), indices, values.size);
        });
        const own = tf.gather(losses, tf.tensor1d(positive, 'int32'));
        return tf.div(tf.add(tf.sum(own), tf.sum(tf.mul(among, hardest))), all.avgFactor) as tf.Scalar;
      }),
      loss_bbox: each.map((t, i) => {
        const image = { ...flat, deltas: flat.deltas.slice([i, 0, 0], [1, -1, -1]) };
        return this.boxLoss(image, { ...this.dense([t], total), avgFactor: all.avgFactor }, box);
      }),
    };
  }
}

function branch(config: SSDHeadConfig, channels: number, outputs: number): Sequential<Layer> {
  const { stacked_convs, feat_channels, use_depthwise } = config;
  const shared = {
    kernelSize: 3,
    padding: 1,
    convCfg: config.conv_cfg,
    normCfg: config.norm_cfg as NormCfg | null | undefined,
    actCfg: (config.act_cfg ?? null) as ActCfg | null,
  };
  const layers: Layer[] = [];
  let inChannels = channels;
  for (let i = 0; i < stacked_convs; i++) {
    const layer = { inChannels, outChannels: feat_channels, ...shared };
    layers.push(use_depthwise ? new DepthwiseSeparableConvModule(layer) : new ConvModule(layer));
    inChannels = feat_channels;
  }
  if (use_depthwise)
    layers.push(new ConvModule({ inChannels, outChannels: inChannels, groups: inChannels, ...shared }));
  const last = use_depthwise ? { kernelSize: 1 } : { kernelSize: 3, padding: 1 };
  layers.push(new Conv2d({ inChannels, outChannels: outputs, ...last }));
  return new Sequential(layers);
}

export const ssdHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'SSDHead',
  summary: 'Class scores and a box for every anchor, with layers of its own for each level',
  paper: 'Liu et al., SSD, ECCV 2016',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'SSDHead', num_classes: 80, anchor_generator: { type: 'SSDAnchorGenerator', min_sizes: [20, 40, 80, 160, 240], max_sizes: [40, 80, 160, 240, 300], strides: [4, 8, 16, 32, 64], ratios: [[2], [2], [2], [2], [2]] } }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the data set' },
  infer: (given, context) => {
    const { inputs, path } = context;
    const found = inputs?.map((level) => level.channels);
    if (!given.in_channels && !found)
      throw new DetLabError(`Cannot build SSDHead at ${path}: in_channels is neither given nor known from a neck`);
    if (given.in_channels && found && given.in_channels.join() !== found.join())
      throw new DetLabError(
        `Cannot attach SSDHead at ${path}: its in_channels is [${given.in_channels.join(', ')}], but the features it ` +
          `stands on have [${found.join(', ')}] channels. Leave in_channels out to take theirs`,
      );
    return {
      ...given,
      in_channels: given.in_channels ?? found,
      num_classes: inferNumClasses('SSDHead', given.num_classes, context),
    };
  },
  build: (given, context) =>
    new SSDHead(
      { ...given, loss_cls: { type: 'CrossEntropyLoss' }, loss_bbox: { type: 'SmoothL1Loss' } } as SSDHeadConfig,
      context,
    ),
});
