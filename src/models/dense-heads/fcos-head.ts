// FCOSHead: every point of the maps predicts classes, the distances of the four sides, and how central it lies
// (Tian et al., ICCV 2019), with the paper's later tricks as options.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { type Conv2d, Module, type ModuleList, type Scale } from '../../nn';
import { meanOverRanks } from '../../ops/over-ranks';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { NormedConv2d, normedConv2dOptions } from '../layers/normed-conv2d';
import { buildClassificationLoss, type ClassificationLoss, type Loss, zeroLoss } from '../losses';
import { buildBBoxCoder, type Size } from '../task-modules';
import type { Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import { centernessOf } from './centerness';
import { convTower } from './conv-tower';
import { type CandidateTensors, DenseHead } from './dense-head';
import { DenseOutputs, type LevelMaps } from './dense-outputs';
import { FCOSAssigner } from './fcos-assigner';
import {
  dcnTowerOptions,
  groupNormOption,
  headOptions,
  initOptionOf,
  lossBboxOption,
  lossCenternessOption,
  lossClsOption,
  pointCoderOption,
  rareClassInit,
  stridesText,
  testCfgOption,
  towerOptions,
} from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { levelScales, TowerPair } from './tower-pair';

/** Shared by the heads that grew from FCOS's. */
export const fcosOptions = {
  ...headOptions,
  ...towerOptions,
  strides: z
    .array(z.union([z.number().positive(), z.tuple([z.number().positive(), z.number().positive()])]))
    .default([4, 8, 16, 32, 64])
    .describe(stridesText),
  regress_ranges: z
    .array(z.tuple([z.number(), z.number()]))
    .default([
      [-1, 64],
      [64, 128],
      [128, 256],
      [256, 512],
      [512, 1e8],
    ])
    .describe('Per level: minimum and maximum distance of the farthest side of its boxes, in pixels'),
  center_sampling: z.boolean().default(false).describe('Assign only points near the center of a ground-truth box'),
  center_sample_radius: z.number().default(1.5).describe('Radius of center sampling, in strides'),
  norm_on_bbox: z
    .boolean()
    .default(false)
    .describe('Predict distances in units of the stride, with ReLU instead of exp'),
  centerness_on_reg: z.boolean().default(false).describe('Predict centerness from the regression tower'),
  ...dcnTowerOptions,
  bbox_coder: pointCoderOption,
  loss_cls: lossClsOption({ type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 }),
  loss_bbox: lossBboxOption({ type: 'IoULoss', loss_weight: 1 }),
  loss_centerness: lossCenternessOption,
  norm_cfg: groupNormOption,
  cls_predictor_cfg: z
    .strictObject({
      // MMDetection ignores the type; V3Det's config says NormedLinear.
      type: z.enum(['NormedConv2d', 'NormedLinear']).describe('1x1 NormedConv2d in either case, as in MMDetection'),
      ...normedConv2dOptions,
      bias: z.boolean().default(true).describe('Whether it has a bias'),
    })
    .nullish()
    .describe('Convolution that predicts the classes: 3x3 when not given'),
  train_cfg: ignoredOption('the assignment is fixed', {
    schema: z.record(z.string(), z.unknown()).nullish(),
    harmless: [{}],
  }),
  test_cfg: testCfgOption,
  init_cfg: initOptionOf(rareClassInit('conv_cls')),
};
const options = z.strictObject(fcosOptions);
export type FCOSHeadConfig = Omit<z.output<typeof options>, 'init_cfg'> &
  Partial<Pick<z.output<typeof options>, 'init_cfg'>> & { num_classes: number; in_channels: number };
export type FCOSMaps = 'scores' | 'deltas' | 'centerness';

/** `deltas` are distances left, top, right, bottom: in pixels, or in strides with `norm_on_bbox`. */
export class FCOSHead<C extends FCOSHeadConfig = FCOSHeadConfig, M extends string = never> extends DenseHead<
  C,
  FCOSMaps | M
> {
  protected readonly towers: TowerPair;
  protected readonly cls: Conv2d;
  protected readonly reg: Conv2d;
  protected readonly center: Conv2d;
  protected readonly scales: ModuleList<Scale>;
  protected readonly lossCls: ClassificationLoss;
  protected readonly lossBbox: Loss;
  protected readonly lossCenterness: Loss;

  /** @param given what relatives change: how towers are built, where in its cell a point is, what the center of an object is */
  constructor(config: C, context: BuildContext, { tower = convTower, offset = 0.5, centroids = false } = {}) {
    const { strides, regress_ranges: ranges, center_sampling, center_sample_radius } = config;
    const { registry, path, inputs } = context;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    super(config, context, {
      priors: registry.build('anchor_generator', { type: 'MlvlPointGenerator', strides, offset }, at('strides')),
      coder: buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head: new.target.name, priors: 'points' }),
      assigner: new FCOSAssigner({ ranges, radius: center_sampling ? center_sample_radius : undefined, centroids }),
    });
    this.lossCls = buildClassificationLoss(config.loss_cls, at('loss_cls'));
    this.lossBbox = registry.build('loss', config.loss_bbox, at('loss_bbox'));
    this.lossCenterness = registry.build('loss', config.loss_centerness, at('loss_centerness'));
    // of losses that count (GHMC, GHMR), in the state dict
    if (this.lossCls instanceof Module) this.addChild('loss_cls', this.lossCls);
    if (this.lossBbox instanceof Module) this.addChild('loss_bbox', this.lossBbox);
    this.towers = new TowerPair(config, tower);
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    this.cls = this.addChild('conv_cls', this.classPredictor());
    this.reg = this.addChild('conv_reg', this.towers.predictor(4));
    this.center = this.addChild('conv_centerness', this.towers.predictor(1));
    this.scales = this.addChild('scales', levelScales(strides.length));
    initializeDenseHead(this, config.init_cfg);
  }

  override get scoreChannels(): number {
    return this.lossCls.useSigmoid ? this.numClasses : this.numClasses + 1;
  }

  private classPredictor(): Conv2d {
    const { cls_predictor_cfg: cfg } = this.config;
    if (!cfg) return this.towers.predictor(this.scoreChannels);
    return new NormedConv2d({
      inChannels: this.towers.channels,
      outChannels: this.scoreChannels,
      kernelSize: 1,
      bias: cfg.bias,
      temperature: cfg.tempearture,
      power: cfg.power,
      eps: cfg.eps,
      normOverKernel: cfg.norm_over_kernel,
    });
  }

  protected override get columns(): Record<string, number> {
    return { scores: this.scoreChannels, deltas: 4, centerness: 1 };
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<FCOSMaps | M, tf.Tensor4D> {
    return this.fromTowers(this.towers.forward(x), level);
  }

  /** The predictions of a level, from what its towers give. */
  protected fromTowers(
    { cls, reg }: Record<'cls' | 'reg', tf.Tensor4D>,
    level: number,
  ): Record<FCOSMaps | M, tf.Tensor4D> {
    const { centerness_on_reg, norm_on_bbox } = this.config;
    const raw = this.scales.at(level).forward(this.reg.forward(reg)).cast<tf.Tensor4D>('float32');
    const distances: tf.Tensor4D = norm_on_bbox ? tf.clipByValue(raw, 0, Number.POSITIVE_INFINITY) : tf.exp(raw);
    return {
      scores: this.cls.forward(cls),
      deltas: distances,
      centerness: this.center.forward(centerness_on_reg ? reg : cls),
    } as Record<FCOSMaps | M, tf.Tensor4D>;
  }

  /** As the reference's: with `norm_on_bbox`, distances in strides while training and in pixels else. */
  override forward(features: tf.Tensor4D[]): LevelMaps<FCOSMaps | M> {
    const maps = super.forward(features);
    if (!this.config.norm_on_bbox || this.training) return maps;
    return {
      ...maps,
      deltas: maps.deltas.map((level, i) => tf.mul<tf.Tensor4D>(level, this.priors.strides[i][0])),
    };
  }

  /** Distances in strides in both modes: a frozen head and a validation loss have the losses of training. */
  protected override outputs(features: tf.Tensor4D[]): DenseOutputs<FCOSMaps | M> {
    return new DenseOutputs(super.forward(features), this.columns);
  }

  protected override boxTargets(boxes: Float32Array, priors: Int32Array, sizes: Size[]): Float32Array {
    const points = takeBoxes(this.priorCache.of(sizes), priors);
    const distances = this.coder.encode(points, boxes);
    return this.config.norm_on_bbox ? distances.map((v, i) => v / points[(i & ~3) | 2]) : distances;
  }

  protected override losses(outputs: DenseOutputs<FCOSMaps | M>, { labels, positives, boxes }: BatchTargets): Losses {
    const n = positives.length;
    const avgFactor = meanOverRanks(n, 1);
    const central = centernessOf(boxes); // [P]
    const boxFactor = meanOverRanks(
      central.reduce((a, b) => a + b, 0),
      1e-6,
    );
    const logits = outputs.flat('scores').reshape<tf.Tensor2D>([-1, this.scoreChannels]);
    const loss_cls = this.lossCls.forward(logits, tf.tensor1d(labels, 'int32'), { avgFactor }) as tf.Scalar;
    if (n === 0) {
      const zero = zeroLoss(this);
      return { loss_cls, loss_bbox: zero, loss_centerness: zero };
    }
    const points = this.priorsOf(positives, outputs.sizes);
    const rows = tf.tensor1d(positives, 'int32');
    const weight = tf.tensor1d(central);
    const bbox = this.lossBbox.forward(
      this.coder.decodeTensors(points, tf.gather(outputs.flat('deltas').reshape<tf.Tensor2D>([-1, 4]), rows)),
      tf.tensor2d(this.coder.decode(points, boxes), [n, 4]),
      { weight, avgFactor: boxFactor },
    );
    const centerness = tf.gather(outputs.flat('centerness').reshape([-1]), rows);
    const loss_centerness = this.lossCenterness.forward(centerness, weight, { avgFactor });
    return { loss_cls, loss_bbox: bbox as tf.Scalar, loss_centerness: loss_centerness as tf.Scalar };
  }

  private pixelDistances(outputs: DenseOutputs<FCOSMaps | M>): tf.Tensor3D {
    const distances = outputs.flat('deltas');
    if (!this.config.norm_on_bbox) return distances;
    return tf.mul(distances, tf.tensor3d(this.strides(outputs.sizes), [1, distances.shape[1], 1]));
  }

  protected override candidates(outputs: DenseOutputs<FCOSMaps | M>): CandidateTensors {
    const logits = outputs.flat('scores');
    return {
      scores: this.lossCls.useSigmoid ? tf.sigmoid(logits) : tf.softmax(logits),
      boxes: this.pixelDistances(outputs),
      factors: tf.sigmoid(outputs.flat('centerness')),
    };
  }
}

/** @throws DetLabError where the lists of levels differ in length */
export function inferFCOSHead<
  O extends Pick<FCOSHeadConfig, 'strides' | 'regress_ranges'> & { in_channels?: number; num_classes?: number },
>(type: string, given: O, context: BuildContext): O & { in_channels: number; num_classes: number } {
  const { strides, regress_ranges: ranges } = given;
  if (ranges.length === strides.length) return inferDenseHead(type, given, context);
  throw new DetLabError(
    `Cannot build ${type} at ${context.path}: expected as many regress_ranges as strides (${strides.length}), ` +
      `received ${ranges.length}`,
  );
}

export const fcosHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'FCOSHead',
  summary: 'Anchor-free head: classes, side distances and centerness at every point',
  paper: 'Tian et al., FCOS, ICCV 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'FCOSHead', num_classes: 80, strides: [4, 8, 16, 32, 64] }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferFCOSHead('FCOSHead', given, context),
  build: (given, context) => new FCOSHead(given as FCOSHeadConfig, context),
});
