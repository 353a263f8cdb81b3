// SSDHead: one pair of convolutions a level, softmax with a background class, and per image the hardest negatives at three
// to one (Liu et al., ECCV 2016). Losses are summed over images; with `use_depthwise` it is the head of SSDLite.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import {
  type ActCfg,
  actCfg,
  applyInitCfg,
  Conv2d,
  ConvModule,
  convCfg,
  DepthwiseSeparableConvModule,
  ModuleList,
  type NormCfg,
  normCfg,
  Sequential,
} from '../../nn';
import { inferLevelChannels } from '../inferred-options/infer-level-channels';
import { inferNumClasses } from '../inferred-options/infer-num-classes';
import { SmoothL1Loss, zeroLoss } from '../losses';
import { requireCfg } from '../require-cfg';
import type { Losses } from '../types';
import { AnchorHead, type AnchorHeadConfig, type AnchorMaps } from './anchor-head';
import { anchorTrainCfg } from './anchor-head-options';
import { type BatchTargets, batchTargets } from './batch-targets';
import type { DenseOutputs } from './dense-outputs';
import { hardNegativeLoss } from './hard-negatives';
import {
  anchorCoderOption,
  anchorsOption,
  decodedBoxOption,
  depthwiseOption,
  initOptionOf,
  levelChannelsOption,
  numClassesOption,
  testCfgOption,
  trainCfgText,
} from './head-options';
import { imageRows } from './image-rows';

export const ssdTrainCfg = z.strictObject({
  ...anchorTrainCfg.shape,
  smoothl1_beta: z
    .number()
    .positive()
    .default(1)
    .describe('Error at which the box loss changes from quadratic to linear'),
  neg_pos_ratio: z.number().positive().default(3).describe('Hardest negatives per positive in each image'),
});

export const ssdOptions = {
  num_classes: numClassesOption,
  in_channels: levelChannelsOption,
  stacked_convs: z.number().int().min(0).default(0).describe('Number of convolutions before the predictions'),
  feat_channels: z.number().int().positive().default(256).describe('Channels of these convolutions'),
  use_depthwise: depthwiseOption,
  conv_cfg: convCfg.nullish().describe('Convolution type'),
  norm_cfg: normCfg.nullish().describe('Normalisation of the convolutions'),
  act_cfg: actCfg.nullish().describe('Activation of the convolutions; null: none'),
  anchor_generator: anchorsOption({
    type: 'SSDAnchorGenerator',
    scale_major: false,
    input_size: 300,
    strides: [8, 16, 32, 64, 100, 300],
    ratios: [[2], [2, 3], [2, 3], [2, 3], [2], [2]],
    basesize_ratio_range: [0.1, 0.9],
  }),
  bbox_coder: anchorCoderOption({ type: 'DeltaXYWHBBoxCoder', clip_border: true }),
  reg_decoded_bbox: decodedBoxOption(false),
  train_cfg: ssdTrainCfg.nullish().describe(trainCfgText),
  test_cfg: testCfgOption,
  init_cfg: initOptionOf({ type: 'Xavier', layer: 'Conv2d', distribution: 'uniform', bias: 0 }),
};
const options = z.strictObject(ssdOptions);

export type SSDHeadConfig = z.output<typeof options> &
  Pick<AnchorHeadConfig, 'loss_cls' | 'loss_bbox'> & { in_channels: number[]; num_classes: number };

type Layer = ConvModule | DepthwiseSeparableConvModule | Conv2d;

export class SSDHead<C extends SSDHeadConfig = SSDHeadConfig> extends AnchorHead<C> {
  private readonly cls = new ModuleList<Sequential<Layer>>();
  private readonly reg = new ModuleList<Sequential<Layer>>();

  constructor(config: C, context: BuildContext) {
    super(config, context);
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

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<AnchorMaps, tf.Tensor4D> {
    return { scores: this.cls.at(level).forward(x), deltas: this.reg.at(level).forward(x) };
  }

  /** A list of both losses, one for each image. */
  protected override losses(outputs: DenseOutputs<AnchorMaps>, targets: BatchTargets): Losses {
    const { smoothl1_beta: beta } = requireCfg(this.config.train_cfg, 'SSDHead', 'train_cfg');
    const scores = outputs.flat('scores');
    const deltas = outputs.flat('deltas');
    const [, total] = scores.shape;
    const box = new SmoothL1Loss({ beta, reduction: 'mean', loss_weight: 1 });
    const cut = (x: tf.Tensor3D, i: number) => x.slice([i, 0, 0], [1, -1, -1]);
    return {
      loss_cls: targets.images.map((_, i) => this.hardNegativeLoss(cut(scores, i).squeeze([0]), targets, i)),
      loss_bbox: targets.images.map((image, i) => {
        const alone = batchTargets([image], this.targetOptions(total));
        const { avgFactor } = targets;
        return this.boxLoss({ deltas: cut(deltas, i), sizes: outputs.sizes }, { ...alone, avgFactor }, box);
      }),
    };
  }

  /** Cross entropy of image `i`, over its positives and its hardest negatives; logits [T, C + 1]. */
  private hardNegativeLoss(logits: tf.Tensor2D, { images, ...targets }: BatchTargets, i: number): tf.Scalar {
    const { neg_pos_ratio: ratio } = requireCfg(this.config.train_cfg, 'SSDHead', 'train_cfg');
    const labels = imageRows(targets.labels, i, images.length);
    const weights = imageRows(targets.labelWeights, i, images.length);
    const truth = tf.oneHot(tf.tensor1d(labels, 'int32'), this.scoreChannels).cast('float32');
    const entropy = tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), truth), -1));
    const losses = tf.mul(entropy, tf.tensor1d(weights)) as tf.Tensor1D; // [T]
    const sum = hardNegativeLoss(losses, labels, this.numClasses, (positives) => ratio * positives);
    return sum ? tf.div(sum, targets.avgFactor) : zeroLoss(this);
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

/** Channels and classes from the context. */
export const inferSSD = <O extends { in_channels?: number[]; num_classes?: number }>(
  type: string,
  given: O,
  context: BuildContext,
): O => ({
  ...given,
  in_channels: inferLevelChannels(type, given.in_channels, context),
  num_classes: inferNumClasses(type, given.num_classes, context),
});

/** The losses are not options. */
export const fixedLosses = <O extends object>(given: O) => ({
  ...given,
  loss_cls: { type: 'CrossEntropyLoss' },
  loss_bbox: { type: 'SmoothL1Loss' },
});

export const ssdHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'SSDHead',
  summary: 'Anchor-based head with prediction layers per feature level and hard negative mining',
  paper: 'Liu et al., SSD, ECCV 2016',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'SSDHead', num_classes: 80, anchor_generator: { type: 'SSDAnchorGenerator', min_sizes: [20, 40, 80, 160, 240], max_sizes: [40, 80, 160, 240, 300], strides: [4, 8, 16, 32, 64], ratios: [[2], [2], [2], [2], [2]] } }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferSSD('SSDHead', given, context),
  build: (given, context) => new SSDHead(fixedLosses(given) as SSDHeadConfig, context),
});
