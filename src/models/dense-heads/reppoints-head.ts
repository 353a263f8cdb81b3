// RepPointsHead: every cell predicts a set of points, from which the features of a refined set and of the classes are sampled; the
// points stand for a box (Yang et al., RepPoints: Point Set Representation for Object Detection, ICCV 2019).
// N images, T cells over all levels, P points each; points are offsets from the cell in strides, y and x of each.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { Conv2d, DeformConv2d, Module, type Parameter, zeros } from '../../nn';
import { scaleGradient } from '../../ops/scale-gradient';
import { stopGradient } from '../../ops/stop-gradient';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { boxesOfPoints } from '../layers/point-boxes';
import { buildClassificationLoss, type ClassificationLoss, type Loss, zeroLoss } from '../losses';
import { type Assigner, type AssignerOffer, buildAssigner } from '../task-modules';
import { DistancePointBBoxCoder } from '../task-modules/coders/distance-point-bbox-coder';
import type { DetBatch, LossContext, Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import { type AssignImage, type CandidateTensors, DenseHead } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import {
  headOptions,
  initOptionOf,
  lossClsOption,
  normOption,
  rareClassInit,
  stridesText,
  testCfgOption,
  towerOptions,
  trainCfgText,
} from './head-options';
import { imageRows } from './image-rows';
import { initializeDenseHead } from './initialize-dense-head';
import { priorsInside } from './priors-inside';
import { TowerPair } from './tower-pair';

const smooth = (loss_weight: number) => ({ type: 'SmoothL1Loss', beta: 1 / 9, loss_weight });
const stage = (text: string) =>
  z
    .strictObject({
      assigner: moduleOption('assigner').describe('Assigns ground-truth boxes'),
      allowed_border: ignoredOption('cells have no border', { schema: z.number().default(-1), lost: true }),
      pos_weight: z.number().default(-1).describe('Weight of positives in the classification loss; 1 if not positive'),
      debug: ignoredOption('nothing reads it in MMDetection either', {
        schema: z.boolean().default(false),
        harmless: anyValue,
      }),
    })
    .describe(text);
const options = z.strictObject({
  ...headOptions,
  ...towerOptions,
  norm_cfg: normOption,
  strides: ignoredOption('point_strides are those of the features', { lost: true }),
  dcn_on_last_conv: ignoredOption('the towers have ordinary convolutions', { harmless: [false], lost: true }),
  conv_bias: ignoredOption('the towers have a bias where they have no norm', { harmless: ['auto'], lost: true }),
  bbox_coder: ignoredOption('boxes are those around points', { lost: true }),
  loss_bbox: ignoredOption('boxes have loss_bbox_init and loss_bbox_refine', { lost: true }),
  point_feat_channels: z.int().positive().default(256).describe('Channels of the layers before the predictions'),
  num_points: z.int().positive().default(9).describe('Number of points of a set: the square of an odd number'),
  gradient_mul: z
    .number()
    .default(0.1)
    .describe('Factor on the gradient from the sampled features to the first points'),
  point_strides: z.array(z.number().positive()).default([8, 16, 32, 64, 128]).describe(stridesText),
  point_base_scale: z
    .number()
    .positive()
    .default(4)
    .describe('Size of the first boxes in strides, and unit of the box losses'),
  loss_cls: lossClsOption({ type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 }),
  loss_bbox_init: moduleOption('loss').default(smooth(0.5)).describe('Loss of the boxes of the first points'),
  loss_bbox_refine: moduleOption('loss').default(smooth(1)).describe('Loss of the boxes of the refined points'),
  use_grid_points: z.boolean().default(false).describe('Predict boxes, in which the points are a grid'),
  center_init: z
    .boolean()
    .default(true)
    .describe('Points start from the center of their cell, else from a grid around it'),
  transform_method: z
    .enum(['moment', 'minmax', 'partial_minmax'])
    .default('moment')
    .describe('Box of a set of points: by mean and deviation, around all, or around the first four'),
  moment_mul: z.number().default(0.01).describe('Factor on the gradient of the transfer from deviations to sizes'),
  train_cfg: z
    .strictObject({
      init: stage('Assignment to the cells, or to squares around them'),
      refine: stage('Assignment to the boxes of the first points'),
    })
    .nullish()
    .describe(trainCfgText),
  init_cfg: initOptionOf(rareClassInit('reppoints_cls_out')),
  test_cfg: testCfgOption,
});
export type RepPointsHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };
type PointMaps = 'scores' | 'first' | 'refined';
type Config = Omit<RepPointsHeadConfig, 'train_cfg'> & { train_cfg?: null };

export class RepPointsHead extends DenseHead<Config, PointMaps> {
  protected readonly towers: TowerPair;
  protected readonly cls: { star: DeformConv2d; out: Conv2d };
  protected readonly first: { hidden: Conv2d; out: Conv2d };
  protected readonly refine: { star: DeformConv2d; out: Conv2d };
  protected readonly transfer?: Parameter<tf.Rank.R1>;
  protected readonly boxLosses: Record<'first' | 'refined', Loss>;
  protected readonly lossCls: ClassificationLoss;
  protected readonly assigners?: Record<'init' | 'refine', Assigner>;
  /** (y, x) of each tap of the filters. */
  private readonly taps: number[];

  constructor(
    private readonly given: RepPointsHeadConfig,
    context: BuildContext,
  ) {
    const { registry, path, inputs } = context;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    const { point_strides: strides, feat_channels, point_feat_channels: hidden, num_points: count, train_cfg } = given;
    super({ ...given, train_cfg: null }, context, {
      priors: registry.build(
        'anchor_generator',
        { type: 'MlvlPointGenerator', strides, offset: 0 },
        at('point_strides'),
      ),
      coder: new DistancePointBBoxCoder(),
    });
    const side = Math.sqrt(count);
    if (side % 2 !== 1)
      throw new DetLabError(
        `Cannot build RepPointsHead at ${path}: expected num_points to be the square of an odd number, received ${count}`,
      );
    const reach = (side - 1) / 2;
    this.taps = Array.from({ length: count }, (_, k) => [Math.floor(k / side) - reach, (k % side) - reach]).flat();
    this.lossCls = buildClassificationLoss(given.loss_cls, at('loss_cls'));
    if (this.lossCls instanceof Module) this.addChild('loss_cls', this.lossCls); // GHMC counts
    this.boxLosses = {
      first: registry.build('loss', given.loss_bbox_init, at('loss_bbox_init')),
      refined: registry.build('loss', given.loss_bbox_refine, at('loss_bbox_refine')),
    };
    if (train_cfg)
      this.assigners = {
        init: buildAssigner(
          train_cfg.init.assigner,
          at('train_cfg.init.assigner'),
          this.stageOffer(train_cfg.init.assigner.type),
        ),
        refine: buildAssigner(train_cfg.refine.assigner, at('train_cfg.refine.assigner'), {
          head: 'RepPointsHead',
          priors: 'boxes',
        }),
      };
    // moment_transfer is a parameter of the head itself: first in the state dict
    if (given.transform_method === 'moment') this.transfer = this.addParameter('moment_transfer', [2], zeros);
    const { dcn_on_last_conv: _last, conv_bias: _bias, ...ofTowers } = given;
    this.towers = new TowerPair(ofTowers);
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    const star = () =>
      new DeformConv2d({ inChannels: feat_channels, outChannels: hidden, kernelSize: side, padding: reach });
    const out = (outChannels: number) => new Conv2d({ inChannels: hidden, outChannels, kernelSize: 1 });
    const columns = given.use_grid_points ? 4 : 2 * count;
    this.cls = {
      star: this.addChild('reppoints_cls_conv', star()),
      out: this.addChild('reppoints_cls_out', out(this.scoreChannels)),
    };
    const plain = new Conv2d({ inChannels: feat_channels, outChannels: hidden, kernelSize: 3, padding: 1 });
    this.first = {
      hidden: this.addChild('reppoints_pts_init_conv', plain),
      out: this.addChild('reppoints_pts_init_out', out(columns)),
    };
    this.refine = {
      star: this.addChild('reppoints_pts_refine_conv', star()),
      out: this.addChild('reppoints_pts_refine_out', out(columns)),
    };
    initializeDenseHead(this, given.init_cfg);
  }

  private stageOffer(type: string): AssignerOffer {
    return { head: 'RepPointsHead', priors: type === 'PointAssigner' ? 'points' : 'boxes' };
  }

  override get scoreChannels(): number {
    return this.lossCls.useSigmoid ? this.numClasses : this.numClasses + 1;
  }

  protected override get columns(): Record<PointMaps, number> {
    const points = 2 * this.given.num_points;
    return { scores: this.scoreChannels, first: points, refined: points };
  }

  protected override forwardSingle(x: tf.Tensor4D): Record<PointMaps, tf.Tensor4D> {
    const { center_init, use_grid_points, point_base_scale, gradient_mul } = this.given;
    const scale = point_base_scale / 2;
    const { cls, reg } = this.towers.forward(x);
    const raw = this.first.out.forward(tf.relu(this.first.hidden.forward(reg)));
    const spread = Math.max(...this.taps);
    const start = tf.tensor1d(this.taps.map((v) => (center_init ? 0 : (v / spread) * scale)));
    const grid = use_grid_points
      ? this.gridIn(raw, tf.tensor4d([-scale, -scale, scale, scale], [1, 1, 1, 4]))
      : undefined;
    const first: tf.Tensor4D = grid?.points ?? tf.add(raw, start);
    const offsets = tf.sub<tf.Tensor4D>(scaleGradient(first, gradient_mul), tf.tensor1d(this.taps));
    const shift = this.refine.out.forward(tf.relu(this.refine.star.forward(reg, offsets)));
    const refined: tf.Tensor4D = grid
      ? this.gridIn(shift, stopGradient(grid.box)).points
      : tf.add(shift, stopGradient(first));
    return { scores: this.cls.out.forward(tf.relu(this.cls.star.forward(cls, offsets))), first, refined };
  }

  /** Box `previous` [.., 4] moved and scaled by `codes` [N, H, W, 4], and a grid of points [N, H, W, 2 P] over it. */
  private gridIn(codes: tf.Tensor4D, previous: tf.Tensor4D): { points: tf.Tensor4D; box: tf.Tensor4D } {
    const [topLeft, bottomRight] = tf.split(previous, 2, 3);
    const size = tf.clipByValue(tf.sub(bottomRight, topLeft), 1e-6, Number.POSITIVE_INFINITY);
    const [shift, growth] = tf.split(codes, 2, 3);
    const wh = tf.mul<tf.Tensor4D>(size, tf.exp(growth));
    const center = tf.add(tf.mul(tf.add(topLeft, bottomRight), 0.5), tf.mul(size, shift));
    const corner = tf.sub<tf.Tensor4D>(center, tf.mul(wh, 0.5));
    const [x, y] = tf.split(corner, 2, 3);
    const [w, h] = tf.split(wh, 2, 3);
    const spread = 2 * Math.max(...this.taps);
    const parts = this.taps.map((tap, i) =>
      i % 2 === 0 ? tf.add(y, tf.mul(h, tap / spread + 0.5)) : tf.add(x, tf.mul(w, tap / spread + 0.5)),
    );
    return {
      points: tf.concat(parts, 3) as tf.Tensor4D,
      box: tf.concat([corner, tf.add(corner, wh)], 3) as tf.Tensor4D,
    };
  }

  /** Boxes [N, T, 4] of the points of all cells, in pixels. */
  private boxes(outputs: DenseOutputs<PointMaps>, name: 'first' | 'refined', centered = true): tf.Tensor3D {
    const { transform_method, moment_mul: gradient } = this.given;
    const transfer = this.transfer && { logSizes: this.transfer.variable as tf.Tensor1D, gradient };
    return outputs.once(`boxes ${name} ${centered}`, () => {
      const boxes = boxesOfPoints(outputs.flat(name), transform_method, transfer);
      const points = this.priorCache.points(outputs.sizes);
      const total = points.length / 4;
      const strides = tf.tensor2d(this.strides(outputs.sizes), [total, 1]);
      const pixels = tf.mul<tf.Tensor3D>(boxes, strides);
      if (!centered) return pixels;
      const centers = tf.tensor2d(points, [total, 4]).slice([0, 0], [-1, 2]);
      return tf.add(pixels, tf.tile(centers, [1, 2]));
    });
  }

  protected override trainingLosses(outputs: DenseOutputs<PointMaps>, batch: DetBatch, context: LossContext): Losses {
    const { assigners } = this;
    if (!assigners) return this.losses(outputs, this.targets(outputs, batch, context)); // reports the missing train_cfg
    const init = this.stageTargets(outputs, batch, context, assigners.init);
    const predicted = stopGradient(this.boxes(outputs, 'first')).dataSync<'float32'>();
    const refine = this.stageTargets(outputs, batch, context, assigners.refine, predicted);
    const weight = this.given.train_cfg?.refine.pos_weight ?? -1;
    const labelWeights =
      weight > 0
        ? refine.labelWeights.map((w, row) => (refine.labels[row] < this.numClasses ? w * weight : w))
        : refine.labelWeights;
    const logits = outputs.flat('scores').reshape<tf.Tensor2D>([-1, this.scoreChannels]);
    const { avgFactor } = refine;
    const loss_cls = this.lossCls.forward(logits, tf.tensor1d(refine.labels, 'int32'), {
      weight: tf.tensor1d(labelWeights),
      avgFactor,
    });
    return {
      loss_cls: loss_cls as tf.Scalar,
      loss_pts_init: this.boxLoss(outputs, 'first', init),
      loss_pts_refine: this.boxLoss(outputs, 'refined', refine),
    };
  }

  /** Targets against the cells or squares around them, or against boxes [N, T, 4] that were predicted. */
  private stageTargets(
    { sizes }: DenseOutputs<PointMaps>,
    batch: DetBatch,
    context: LossContext,
    assigner: Assigner,
    boxes?: Float32Array,
  ): BatchTargets {
    const count = batch.samples.length;
    const images = batch.samples.map((_, index) => {
      const image = { batch, index, sizes, context };
      const input = this.assignInput(assigner, image);
      const priors = boxes
        ? imageRows(boxes, index, count)
        : assigner.needs.priors === 'boxes'
          ? this.squares(input.priors)
          : input.priors;
      return this.assignImage(assigner, image, { ...input, priors });
    });
    return this.mergeTargets(images, this.priorCache.of(sizes).length / 4);
  }

  /** Around points [T, 4]. */
  private squares(points: Float32Array): Float32Array {
    const half = this.given.point_base_scale * 0.5;
    return points.map((_, i) => points[(i & ~3) | (i & 1)] + (i & 2 ? half : -half) * points[i | 3]);
  }

  protected override priorsInside({ batch, index, sizes }: AssignImage): Int32Array | undefined {
    const padShape = batch.padShapes?.[index] ?? batch.batchShape;
    return priorsInside(
      this.priors,
      this.priorCache.of(sizes),
      sizes,
      padShape,
      batch.samples[index].meta.imgShape,
      -1,
    );
  }

  private boxLoss(
    outputs: DenseOutputs<PointMaps>,
    name: 'first' | 'refined',
    { positives, boxes, avgFactor }: BatchTargets,
  ): tf.Scalar {
    const count = positives.length;
    if (count === 0) return zeroLoss(this);
    const strides = this.strides(outputs.sizes);
    const unit = Float32Array.from(positives, (row) => this.given.point_base_scale * strides[row % strides.length]);
    const predicted = tf.gather(
      this.boxes(outputs, name).reshape<tf.Tensor2D>([-1, 4]),
      tf.tensor1d(positives, 'int32'),
    );
    const scaled = tf.div(predicted, tf.tensor2d(unit, [count, 1]));
    const target = tf.tensor2d(
      boxes.map((v, i) => v / unit[i >> 2]),
      [count, 4],
    );
    return this.boxLosses[name].forward(scaled, target, { avgFactor }) as tf.Scalar;
  }

  protected override losses(_outputs: DenseOutputs<PointMaps>, _targets: BatchTargets): Losses {
    return {};
  }

  /** Boxes relative to their cell, as distances of the sides. */
  protected override candidates(outputs: DenseOutputs<PointMaps>): CandidateTensors {
    const logits = outputs.flat('scores');
    return {
      scores: this.lossCls.useSigmoid ? tf.sigmoid(logits) : tf.softmax(logits),
      boxes: tf.mul(this.boxes(outputs, 'refined', false), [-1, -1, 1, 1]),
    };
  }
}

export const repPointsHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RepPointsHead',
  summary: 'Anchor-free head: sets of points, refined once, that sample the features and stand for boxes',
  paper: 'Yang et al., RepPoints: Point Set Representation for Object Detection, ICCV 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'RepPointsHead', num_classes: 80, stacked_convs: 3, point_strides: [4, 8, 16, 32, 64] }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('RepPointsHead', given, context),
  build: (given, context) => new RepPointsHead(given as RepPointsHeadConfig, context),
});
