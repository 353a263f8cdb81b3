// VFNetHead: class scores that are the IoU of their box, learnt by the varifocal loss from features that are sampled at nine
// points of a first box, which they refine (Zhang et al., VarifocalNet, CVPR 2021). FCOS's layers, and ATSS's assignment or FCOS's.
// N images, T priors over all levels, P positives. Distances are left, top, right, bottom, in pixels.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { type Conv2d, ConvModule, DeformConv2d, type ModuleList, type Scale } from '../../nn';
import { meanOverRanks, meanTensorOverRanks } from '../../ops/over-ranks';
import { scaleGradient } from '../../ops/scale-gradient';
import { stopGradient } from '../../ops/stop-gradient';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { starOffsets } from '../layers/star-offsets';
import { type Loss, zeroLoss } from '../losses';
import { atLeast, boxPair } from '../losses/box-pair';
import type { Assigner } from '../task-modules';
import type { LossContext, Losses } from '../types';
import { AnchorHead, type AnchorMaps } from './anchor-head';
import { anchorHeadOptions } from './anchor-head-options';
import type { BatchTargets } from './batch-targets';
import { cellPriors } from './cell-priors';
import type { AssignImage } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import { FCOSAssigner } from './fcos-assigner';
import { fcosOptions } from './fcos-head';
import {
  anchorsOption,
  dcnTowerOptions,
  groupNormOption,
  initOptionOf,
  lossBboxOption,
  lossClsOption,
  pointCoderOption,
  rareClassInit,
  testCfgOption,
  towerOptions,
} from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { levelScales, TowerPair } from './tower-pair';

const { center_sample_radius, center_sampling, regress_ranges, strides } = fcosOptions;
const giou = (loss_weight: number) => ({ type: 'GIoULoss', loss_weight });
const options = z.strictObject({
  ...anchorHeadOptions,
  ...towerOptions,
  ...dcnTowerOptions,
  strides: strides.optional().describe('Stride of each feature level; must be those of the anchor_generator'),
  regress_ranges: regress_ranges.describe(
    'Per level: minimum and maximum distance; the maximum is the unit of its distances with reg_denom, and without use_atss ' +
      'boxes are assigned by both',
  ),
  center_sampling: center_sampling.describe('Without use_atss: assign only points near the center of a box'),
  center_sample_radius: center_sample_radius.describe('Without use_atss: radius of center sampling, in strides'),
  sync_num_pos: z
    .boolean()
    .default(true)
    .describe('Divide the classification loss by the mean positives of all processes'),
  gradient_mul: z.number().default(0.1).describe('Factor on the gradient from the refinement to the first boxes'),
  bbox_norm_type: z
    .enum(['reg_denom', 'stride'])
    .default('reg_denom')
    .describe(
      'Unit of predicted distances: the maximum of regress_ranges (twice the one before, on the last level) or the stride',
    ),
  loss_cls_fl: lossClsOption({ type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 }).describe(
    'Classification loss without use_vfl, of labels',
  ),
  use_vfl: z
    .boolean()
    .default(true)
    .describe('Classes learn the IoU of their box; without it their labels, by loss_cls_fl'),
  loss_cls: lossClsOption({
    type: 'VarifocalLoss',
    use_sigmoid: true,
    alpha: 0.75,
    gamma: 2,
    iou_weighted: true,
    loss_weight: 1,
  }),
  loss_bbox: lossBboxOption(giou(1.5)).describe('Loss of the first boxes'),
  loss_bbox_refine: moduleOption('loss').default(giou(2)).describe('Loss of the refined boxes'),
  norm_cfg: groupNormOption,
  use_atss: z
    .boolean()
    .default(true)
    .describe('Positives are assigned by train_cfg.assigner; without it as FCOS does, by regress_ranges'),
  reg_decoded_bbox: z.literal(true).default(true).describe('Only true: the box losses compare boxes in pixels'),
  anchor_generator: anchorsOption({
    type: 'AnchorGenerator',
    ratios: [1],
    octave_base_scale: 8,
    scales_per_octave: 1,
    center_offset: 0,
    strides: [8, 16, 32, 64, 128],
  }),
  bbox_coder: pointCoderOption,
  init_cfg: initOptionOf(rareClassInit('vfnet_cls')),
  test_cfg: testCfgOption,
});
/** FCOS's points, in the middle of their cells, and nothing of what ATSS is told. */
const onPoints = ({ anchor_generator: { strides } }: Pick<VFNetHeadConfig, 'anchor_generator'>) => ({
  anchor_generator: { type: 'MlvlPointGenerator', strides, offset: 0.5 },
  train_cfg: null,
});
export type VFNetHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };
type VFNetMaps = AnchorMaps | 'first';

/** `deltas` are the refined distances, `first` those that the features were sampled by. */
export class VFNetHead extends AnchorHead<VFNetHeadConfig, 'first'> {
  protected readonly towers: TowerPair;
  protected readonly hidden: ConvModule;
  protected readonly first: Conv2d;
  protected readonly star: Record<'cls' | 'reg', DeformConv2d>;
  protected readonly refine: Conv2d;
  protected readonly cls: Conv2d;
  protected readonly scales: Record<'first' | 'refined', ModuleList<Scale>>;
  protected readonly lossRefine: Loss;
  private readonly rule?: FCOSAssigner;

  constructor(config: VFNetHeadConfig, context: BuildContext) {
    const loss_cls = config.use_vfl ? config.loss_cls : config.loss_cls_fl;
    const form = config.use_atss ? 'boxes' : 'points';
    super({ ...config, loss_cls, ...(!config.use_atss && onPoints(config)) }, context, { form, coder: 'points' });
    const { feat_channels: channels, regress_ranges: ranges } = config;
    const { registry, path } = context;
    cellPriors('VFNetHead', this.priors, path, 1);
    const levels = this.priors.numLevels;
    if (ranges.length !== levels)
      throw new DetLabError(
        `Cannot build VFNetHead at ${path}: expected as many regress_ranges as feature levels (${levels}), received ${ranges.length}`,
      );
    this.towers = new TowerPair(config);
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    const layer = { inChannels: channels, outChannels: channels, kernelSize: 3, padding: 1 };
    const { conv_cfg: convCfg, norm_cfg: normCfg, conv_bias: bias } = config;
    this.hidden = this.addChild('vfnet_reg_conv', new ConvModule({ ...layer, convCfg, normCfg, bias }));
    this.first = this.addChild('vfnet_reg', this.towers.predictor(4));
    const first = this.addChild('scales', levelScales(levels));
    const reg = this.addChild('vfnet_reg_refine_dconv', new DeformConv2d(layer));
    this.refine = this.addChild('vfnet_reg_refine', this.towers.predictor(4));
    this.scales = { first, refined: this.addChild('scales_refine', levelScales(levels)) };
    this.star = { reg, cls: this.addChild('vfnet_cls_dconv', new DeformConv2d(layer)) };
    this.cls = this.addChild('vfnet_cls', this.towers.predictor(this.scoreChannels));
    this.lossRefine = registry.build('loss', config.loss_bbox_refine, { path: `${path}.loss_bbox_refine` });
    const radius = config.center_sampling ? config.center_sample_radius : undefined;
    if (!config.use_atss) this.rule = new FCOSAssigner({ ranges, radius });
    initializeDenseHead(this, config.init_cfg);
  }

  protected override get columns(): Record<string, number> {
    return { scores: this.scoreChannels, deltas: 4, first: 4 };
  }

  protected override assignerAt(context: LossContext): Assigner {
    return this.rule ?? super.assignerAt(context);
  }

  /** FCOS's rule sees all points. */
  protected override priorsInside(image: AssignImage): Int32Array | undefined {
    return this.rule ? undefined : super.priorsInside(image);
  }

  /** What distances of a level are multiplied by. */
  private unit(level: number): number {
    const { bbox_norm_type, regress_ranges: ranges } = this.config;
    if (bbox_norm_type === 'stride') return this.priors.strides[level][0];
    return level > 0 && level === ranges.length - 1 ? 2 * ranges[level - 1][1] : ranges[level][1];
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<VFNetMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x);
    const exponential = (y: tf.Tensor4D): tf.Tensor4D => tf.exp(y.cast<tf.Tensor4D>('float32'));
    const raw = this.scales.first.at(level).forward(this.first.forward(this.hidden.forward(reg)));
    const first: tf.Tensor4D = tf.mul(exponential(raw), this.unit(level));
    const inCells = tf.div<tf.Tensor4D>(scaleGradient(first, this.config.gradient_mul), this.priors.strides[level][0]);
    const offsets = starOffsets(inCells).cast<tf.Tensor4D>(x.dtype);
    const refined = this.refine.forward(tf.relu(this.star.reg.forward(reg, offsets)));
    return {
      scores: this.cls.forward(tf.relu(this.star.cls.forward(cls, offsets))),
      deltas: tf.mul(exponential(this.scales.refined.at(level).forward(refined)), stopGradient(first)),
      first,
    };
  }

  protected override losses(outputs: DenseOutputs<VFNetMaps>, targets: BatchTargets): Losses {
    const { positives, boxes, labels, labelWeights } = targets;
    const { sync_num_pos, use_vfl } = this.config;
    const count = positives.length;
    const avgFactor = sync_num_pos ? meanOverRanks(count, 1) : count;
    const logits = outputs.flat('scores').reshape<tf.Tensor2D>([-1, this.scoreChannels]); // [N T, C]
    const points = this.priorsOf(positives, outputs.sizes);
    const target = tf.tensor2d(boxes, [count, 4]);
    const rows = tf.tensor1d(positives, 'int32');
    const boxLoss = (name: 'first' | 'deltas', loss: Loss) => {
      if (count === 0) {
        meanTensorOverRanks(tf.scalar(0), 1); // the others wait for it
        return { iou: tf.zeros<tf.Rank.R1>([0]), loss: zeroLoss(this) };
      }
      const distances = tf.gather(outputs.flat(name).reshape<tf.Tensor2D>([-1, 4]), rows);
      const predicted = this.coder.decodeTensors(points, distances); // [P, 4]
      const iou = stopGradient<tf.Tensor, tf.Tensor1D>(predicted, (given) =>
        atLeast(boxPair(given as tf.Tensor2D, target, (union) => tf.maximum(union, 1e-6)).iou, 1e-6),
      );
      const sum = meanTensorOverRanks(tf.sum(iou), 1);
      return { iou, loss: tf.div<tf.Scalar>(loss.forward(predicted, target, { weight: iou, avgFactor: 1 }), sum) };
    };
    const first = boxLoss('first', this.lossBbox);
    const refined = boxLoss('deltas', this.lossRefine);
    const places = tf.tensor2d(
      Array.from(positives).flatMap((row) => [row, labels[row]]),
      [count, 2],
      'int32',
    );
    const loss_cls = use_vfl
      ? this.lossCls.forward(
          logits,
          count > 0 ? tf.scatterND(places, refined.iou, logits.shape) : tf.zerosLike(logits),
          { avgFactor },
        )
      : this.lossCls.forward(logits, tf.tensor1d(labels, 'int32'), { weight: tf.tensor1d(labelWeights), avgFactor });
    return { loss_cls: loss_cls as tf.Scalar, loss_bbox: first.loss, loss_bbox_rf: refined.loss };
  }
}

export const vfnetHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'VFNetHead',
  summary: 'Anchor-free head whose class scores are IoUs, from features sampled in a star around a first box',
  paper: 'Zhang et al., VarifocalNet: An IoU-aware Dense Object Detector, CVPR 2021',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'VFNetHead', num_classes: 80, anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1, center_offset: 0 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('VFNetHead', given, context),
  build: (given, context) => new VFNetHead(given as VFNetHeadConfig, context),
});
