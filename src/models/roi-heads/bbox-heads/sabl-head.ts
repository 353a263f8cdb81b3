// SABLHead: each side of a box from features of its own (Wang et al., Side-Aware Boundary Localization, ECCV 2020). Attention reduces
// a map to its columns and its rows; each says how likely a side is in its bucket, and where. What it predicts of boxes is the scores of
// the buckets and then the offsets, as BucketingBBoxCoder reads them.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import {
  applyInitCfg,
  Conv2d,
  ConvModule,
  ConvTranspose1d,
  type InitCfg,
  initCfg,
  Linear,
  Module,
  ModuleList,
  normCfg,
} from '../../../nn';
import { meanOverRanks } from '../../../ops/over-ranks';
import { inferHeadChannels } from '../../inferred-options/infer-head-channels';
import { inferNumClasses } from '../../inferred-options/infer-num-classes';
import { attentionPool, sideAwareSplit } from '../../layers/side-aware';
import { hasOwnScores, type Loss, zeroLoss } from '../../losses';
import { type BoxCoder, buildBBoxCoder } from '../../task-modules';
import type { Losses } from '../../types';
import type { BBoxOutputs, BoxHead } from '../types';
import type { BBoxTargets } from './bbox-targets';
import { classificationLosses, perSampleLoss } from './roi-classification';

const size = z.number().int().positive();
const count = z.number().int().min(0);
const start: InitCfg[] = [
  {
    type: 'Xavier',
    layer: 'Linear',
    distribution: 'uniform',
    override: [
      { type: 'Normal', name: 'reg_conv_att_x', std: 0.01 },
      { type: 'Normal', name: 'reg_conv_att_y', std: 0.01 },
      { type: 'Normal', name: 'fc_reg_cls', std: 0.01 },
      { type: 'Normal', name: 'fc_cls', std: 0.01 },
      { type: 'Normal', name: 'fc_reg_offset', std: 0.001 },
    ],
  },
  { type: 'Kaiming', distribution: 'normal', override: [{ name: 'upsample_x' }, { name: 'upsample_y' }] },
];
const options = z.strictObject({
  num_classes: size.optional().describe('Foreground classes'),
  cls_in_channels: size.optional().describe('Channels of a pooled RoI, for the classes'),
  reg_in_channels: size.optional().describe('Channels of a pooled RoI, for the boxes'),
  roi_feat_size: size.optional().describe('Side of a pooled RoI'),
  reg_feat_up_ratio: z.number().int().min(2).default(2).describe('How many buckets a column or row of the map has'),
  reg_pre_kernel: size.default(3).describe('Kernel size of the convolutions before the attention'),
  reg_post_kernel: size.default(3).describe('Kernel size of the convolutions along columns and rows'),
  reg_pre_num: count.default(2).describe('Convolutions before the attention'),
  reg_post_num: count.default(1).describe('Convolutions along columns and rows'),
  cls_out_channels: size.default(1024).describe('Features of the class branch'),
  reg_offset_out_channels: size.default(256).describe('Features of the offset branch'),
  reg_cls_out_channels: size.default(256).describe('Features of the bucket branch'),
  num_cls_fcs: size.default(1).describe('Fully connected layers of the class branch'),
  num_reg_fcs: count.default(0).describe('Fully connected layers of the offset and bucket branches'),
  reg_class_agnostic: z.literal(true).default(true).describe('Must be true: one box for all classes'),
  norm_cfg: normCfg.nullish().describe('Norm after every convolution'),
  bbox_coder: moduleOption('bbox_coder')
    .default({ type: 'BucketingBBoxCoder', num_buckets: 14, scale_factor: 1.7 })
    .describe('BucketingBBoxCoder with roi_feat_size * reg_feat_up_ratio buckets'),
  loss_cls: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: false, loss_weight: 1 })
    .describe('Classification loss'),
  loss_bbox_cls: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 })
    .describe('Loss of the buckets'),
  loss_bbox_reg: moduleOption('loss')
    .default({ type: 'SmoothL1Loss', beta: 0.1, loss_weight: 1 })
    .describe('Loss of the offsets'),
  init_cfg: initCfg.nullish().describe('Weight initialisation; Xavier and normal by default'),
});
type Options = z.output<typeof options> &
  Record<'num_classes' | 'cls_in_channels' | 'reg_in_channels' | 'roi_feat_size', number>;
type Axis = 'x' | 'y';

export class SABLHead extends Module implements BoxHead {
  readonly numClasses: number;
  readonly coder: BoxCoder;
  readonly decodedTargets = false;
  private readonly clsFcs: ModuleList<Linear>;
  private readonly upsample: Record<Axis, ConvTranspose1d>;
  private readonly preConvs: ModuleList<ConvModule>;
  private readonly postConvs: Record<Axis, ModuleList<ConvModule>>;
  private readonly attention: Record<Axis, Conv2d>;
  private readonly fcCls: Linear;
  private readonly fcs: Record<'cls' | 'offset', ModuleList<Linear>>;
  private readonly predictors: Record<'cls' | 'offset', Linear>;
  private readonly losses: Record<'cls' | 'bucket' | 'offset', Loss>;

  constructor(config: Options, { registry, path }: BuildContext) {
    super();
    this.numClasses = config.num_classes;
    this.coder = buildBBoxCoder(
      config.bbox_coder,
      { registry, path: `${path}.bbox_coder` },
      { head: 'SABLHead', priors: 'buckets' },
    );
    checkSizes(config, path);
    const loss = (name: 'loss_cls' | 'loss_bbox_cls' | 'loss_bbox_reg') =>
      registry.build('loss', config[name], { path: `${path}.${name}` });
    this.losses = { cls: loss('loss_cls'), bucket: loss('loss_bbox_cls'), offset: loss('loss_bbox_reg') };
    if (hasOwnScores(this.losses.cls))
      throw new DetLabError(
        `Cannot use ${config.loss_cls.type} in SABLHead at ${path}.loss_cls: it has one score a class and the background's. Use CrossEntropyLoss`,
      );
    const { cls_in_channels, reg_in_channels: channels, roi_feat_size: side, norm_cfg: normCfg } = config;
    const chw: [number, number, number] = [cls_in_channels, side, side];
    this.clsFcs = this.addFcs(
      'cls_fcs',
      config.num_cls_fcs,
      cls_in_channels * side * side,
      config.cls_out_channels,
      chw,
    );
    const upsample = (axis: Axis) =>
      this.addChild(`upsample_${axis}`, new ConvTranspose1d(channels, channels, config.reg_feat_up_ratio));
    this.upsample = { x: upsample('x'), y: upsample('y') };
    const convs = (name: string, length: number, kernelSize: [number, number]) => {
      const padding = kernelSize.map((k) => k >> 1) as [number, number];
      const conv = () => new ConvModule({ inChannels: channels, outChannels: channels, kernelSize, padding, normCfg });
      return this.addChild(name, new ModuleList(Array.from({ length }, conv)));
    };
    const { reg_pre_kernel: pre, reg_post_kernel: post, reg_post_num } = config;
    this.preConvs = convs('reg_pre_convs', config.reg_pre_num, [pre, pre]);
    const x = convs('reg_post_conv_xs', reg_post_num, [1, post]);
    this.postConvs = { x, y: convs('reg_post_conv_ys', reg_post_num, [post, 1]) };
    const attention = (axis: Axis) =>
      this.addChild(`reg_conv_att_${axis}`, new Conv2d({ inChannels: channels, outChannels: 1, kernelSize: 1 }));
    this.attention = { x: attention('x'), y: attention('y') };
    const linear = (name: string, inFeatures: number, outFeatures: number) =>
      this.addChild(name, new Linear({ inFeatures, outFeatures }));
    this.fcCls = linear('fc_cls', config.cls_out_channels, config.num_classes + 1);
    const { num_reg_fcs, reg_cls_out_channels, reg_offset_out_channels } = config;
    const cls = this.addFcs('reg_cls_fcs', num_reg_fcs, channels, reg_cls_out_channels);
    this.fcs = { cls, offset: this.addFcs('reg_offset_fcs', num_reg_fcs, channels, reg_offset_out_channels) };
    const bucket = linear('fc_reg_cls', reg_cls_out_channels, 1);
    this.predictors = { cls: bucket, offset: linear('fc_reg_offset', reg_offset_out_channels, 1) };
    applyInitCfg(this, config.init_cfg ?? start);
  }

  private addFcs(
    name: string,
    length: number,
    first: number,
    outFeatures: number,
    chw?: [number, number, number],
  ): ModuleList<Linear> {
    const fc = (_: unknown, i: number) =>
      i === 0
        ? new Linear({ inFeatures: first, outFeatures, chw })
        : new Linear({ inFeatures: outFeatures, outFeatures });
    return this.addChild(name, new ModuleList(Array.from({ length }, fc)));
  }

  forward(pooled: tf.Tensor4D): BBoxOutputs {
    let row: tf.Tensor2D = pooled.reshape([pooled.shape[0], -1]);
    for (const fc of this.clsFcs) row = fc.forward(row, { activation: 'relu' });
    let map = pooled;
    for (const conv of this.preConvs) map = conv.forward(map);
    const sides = [this.sideFeatures(map, 'x'), this.sideFeatures(map, 'y')]; // [K, buckets, C]
    const predict = (branch: 'cls' | 'offset') => sides.map((features) => this.predictSides(features, branch));
    return { scores: this.fcCls.forward(row), deltas: tf.concat([...predict('cls'), ...predict('offset')], 1) };
  }

  /** [K, H, W, C] -> [K, buckets, C] along one axis. */
  private sideFeatures(map: tf.Tensor4D, axis: Axis): tf.Tensor3D {
    const over = axis === 'x' ? 'columns' : 'rows';
    let y: tf.Tensor4D = attentionPool(map, this.attention[axis].forward(map), over).expandDims(axis === 'x' ? 1 : 2);
    for (const conv of this.postConvs[axis]) y = conv.forward(y);
    return tf.relu(this.upsample[axis].forward(y.squeeze<tf.Tensor3D>([axis === 'x' ? 1 : 2])));
  }

  /** One number for each bucket of the two sides of an axis. */
  private predictSides(features: tf.Tensor3D, branch: 'cls' | 'offset'): tf.Tensor2D {
    let y = features;
    for (const fc of this.fcs[branch]) y = fc.forward(y, { activation: 'relu' });
    return sideAwareSplit(this.predictors[branch].forward(y).squeeze<tf.Tensor2D>([2]));
  }

  /** `loss_cls`, `acc`, `loss_bbox_cls`, `loss_bbox_reg`. */
  loss({ scores, deltas }: BBoxOutputs, targets: BBoxTargets): Losses {
    const { labels, positives, boxes } = targets;
    const avgFactor = meanOverRanks(labels.length, 1);
    const losses = classificationLosses(this.losses.cls, scores!, targets, avgFactor);
    const predicted = deltas!.cast<tf.Tensor2D>('float32');
    if (positives.length === 0)
      return { ...losses, loss_bbox_cls: zeroLoss(predicted), loss_bbox_reg: zeroLoss(predicted) };
    const half = this.coder.encodeSize / 2;
    const rows = tf.gather(predicted, tf.tensor1d(positives, 'int32'));
    const [buckets, offsets] = tf.split(rows, 2, 1);
    const codes = tf.tensor2d(boxes, [positives.length, 4 * half]);
    const [offset, offsetWeight, label, labelWeight] = tf.split(codes, 4, 1);
    const bySide = (x: tf.Tensor) => x.reshape([-1, half / 4]);
    const { bucket, offset: lossOfOffsets } = this.losses;
    return {
      ...losses,
      loss_bbox_cls: bucket.forward(bySide(buckets), bySide(label), {
        weight: bySide(labelWeight),
        avgFactor: 4 * avgFactor,
      }) as tf.Scalar,
      loss_bbox_reg: lossOfOffsets.forward(offsets, offset, { weight: offsetWeight, avgFactor }) as tf.Scalar,
    };
  }

  perSampleLoss(outputs: BBoxOutputs, labels: Int32Array): Float32Array {
    return perSampleLoss(this.losses.cls, outputs, labels, this.numClasses);
  }

  refine(boxes: Float32Array, deltas: Float32Array, _labels: Int32Array, imgShape?: [number, number]): Float32Array {
    return this.coder.decode(boxes, deltas, { maxShape: imgShape });
  }
}

function checkSizes(config: Options, path: string): void {
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot build SABLHead at ${path}: ${what}`);
  };
  const { roi_feat_size, reg_feat_up_ratio, bbox_coder, reg_in_channels: channels } = config;
  const buckets = roi_feat_size * reg_feat_up_ratio;
  if (bbox_coder.num_buckets !== buckets)
    fail(
      `expected ${buckets} num_buckets (roi_feat_size ${roi_feat_size} x reg_feat_up_ratio ${reg_feat_up_ratio}) in ` +
        `bbox_coder, received ${bbox_coder.num_buckets}`,
    );
  if (config.num_reg_fcs > 0) return;
  for (const name of ['reg_cls_out_channels', 'reg_offset_out_channels'] as const)
    if (config[name] !== channels)
      fail(`with num_reg_fcs 0, ${name} must be reg_in_channels: expected ${channels}, received ${config[name]}`);
}

function inferSABL(given: z.output<typeof options>, context: BuildContext): Options {
  const { inputs, path } = context;
  const channels = (name: 'cls_in_channels' | 'reg_in_channels') =>
    inferHeadChannels('SABLHead', given[name], context, name);
  const pooled = inputs?.[0].size;
  const side = given.roi_feat_size ?? pooled?.[0] ?? 7;
  if (pooled?.some((n) => n !== side))
    throw new DetLabError(
      `Cannot attach SABLHead at ${path}: its roi_feat_size is ${side} x ${side}, but RoIs are pooled to ${pooled.join(' x ')}`,
    );
  return {
    ...given,
    num_classes: inferNumClasses('SABLHead', given.num_classes, context),
    cls_in_channels: channels('cls_in_channels'),
    reg_in_channels: channels('reg_in_channels'),
    roi_feat_size: side,
  };
}

export const sablHeadDefinition = defineModule({
  kind: 'bbox_head',
  type: 'SABLHead',
  summary: 'Class scores of RoIs, and for each side of their boxes a bucket and an offset',
  paper: 'Wang et al., Side-Aware Boundary Localization for More Precise Object Detection, ECCV 2020',
  shapes: 'pooled RoIs [K, h, h, C] -> scores [K, classes + 1], scores and offsets of the buckets [K, 8 * buckets / 2]',
  example: "{ type: 'SABLHead', cls_in_channels: 256, reg_in_channels: 256, num_classes: 80 }",
  options,
  inferred: {
    cls_in_channels: "the RoI extractor's channels",
    reg_in_channels: "the RoI extractor's channels",
    roi_feat_size: "the RoI extractor's output size",
    num_classes: 'the classes of the dataset',
  },
  infer: inferSABL,
  build: (given, context) => new SABLHead(given as Options, context),
});
