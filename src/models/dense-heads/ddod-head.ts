// DDODHead: classes and boxes are assigned apart, from features of towers that begin with a deformable convolution, and levels with
// few positives count more (Chen et al., Disentangle Your Dense Object Detector, ACM MM 2021). N images, T priors, P positives.
//
// The positives of all iterations are counted, from zero when a run is resumed, as in MMDetection.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { applyInitCfg, type Conv2d, type ModuleList, type Scale } from '../../nn';
import { sumOverRanks } from '../../ops/over-ranks';
import { stopGradient } from '../../ops/stop-gradient';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { type Loss, zeroLoss } from '../losses';
import { boxPair } from '../losses/box-pair';
import { type Assigner, buildAssigner } from '../task-modules';
import type { DetBatch, LossContext, Losses } from '../types';
import { AnchorHead, type AnchorMaps } from './anchor-head';
import { anchorHeadOptions, anchorTrainCfg } from './anchor-head-options';
import type { BatchTargets } from './batch-targets';
import { cellPriors } from './cell-priors';
import type { CandidateTensors } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import {
  boxesInPixels,
  groupNormOption,
  noInitOption,
  rareClassInit,
  sigmoidEntropy,
  testCfgOption,
  towerOptions,
  trainCfgText,
} from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { levelScales, TowerPair } from './tower-pair';

const options = z.strictObject({
  ...anchorHeadOptions,
  ...towerOptions,
  use_dcn: z.boolean().default(true).describe('The first convolution of each tower is deformable'),
  norm_cfg: groupNormOption,
  loss_iou: moduleOption('loss').default(sigmoidEntropy).describe('Loss of the IoU of the boxes'),
  reg_decoded_bbox: boxesInPixels(false),
  train_cfg: z
    .strictObject({
      ...anchorTrainCfg.shape,
      assigner: moduleOption('assigner').describe('Assigns ground-truth boxes to anchors, for the classes'),
      reg_assigner: moduleOption('assigner').describe('The same for the boxes'),
    })
    .nullish()
    .describe(trainCfgText),
  init_cfg: noInitOption,
  test_cfg: testCfgOption,
});
export type DDODHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };
type DDODMaps = AnchorMaps | 'ious';

export class DDODHead extends AnchorHead<DDODHeadConfig, 'ious'> {
  private readonly towers: TowerPair;
  private readonly predictors: Record<'cls' | 'reg' | 'iou', Conv2d>;
  private readonly scales: ModuleList<Scale>;
  private readonly lossIou: Loss;
  private readonly boxAssigner?: Assigner;
  /** Positives of each level so far, of both assignments. */
  private readonly counts: number[];

  constructor(config: DDODHeadConfig, context: BuildContext) {
    super(config, context);
    const { registry, path } = context;
    this.towers = new TowerPair({ ...config, first_conv_cfg: config.use_dcn && { type: 'DCN', deform_groups: 1 } });
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    const perCell = cellPriors('DDODHead', this.priors, path);
    this.predictors = {
      cls: this.addChild('atss_cls', this.towers.predictor(perCell * this.scoreChannels)),
      reg: this.addChild('atss_reg', this.towers.predictor(perCell * 4)),
      iou: this.addChild('atss_iou', this.towers.predictor(perCell)),
    };
    this.scales = this.addChild('scales', levelScales(this.priors.numLevels));
    this.counts = Array.from({ length: this.priors.numLevels }, () => 0);
    this.lossIou = registry.build('loss', config.loss_iou, { path: `${path}.loss_iou` });
    const { train_cfg } = config;
    if (train_cfg)
      this.boxAssigner = buildAssigner(
        train_cfg.reg_assigner,
        { registry, path: `${path}.train_cfg.reg_assigner` },
        this.assignerOffer,
      );
    const init = rareClassInit('atss_cls');
    applyInitCfg(this, { ...init, override: undefined, layer: ['DeformConv2d', 'DeformConv2dPack'] });
    initializeDenseHead(this, init);
  }

  protected override get columns(): Record<string, number> {
    return { ...super.columns, ious: 1 };
  }

  protected override get decodedTargets(): boolean {
    return true;
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<DDODMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x);
    return {
      scores: this.predictors.cls.forward(cls),
      deltas: this.scales.at(level).forward(this.predictors.reg.forward(reg)),
      ious: this.predictors.iou.forward(reg),
    };
  }

  protected override trainingLosses(outputs: DenseOutputs<DDODMaps>, batch: DetBatch, context: LossContext): Losses {
    const classes = this.targets(outputs, batch, context);
    const ofClasses = this.levelWeights(classes, outputs);
    const boxes = this.targets(outputs, batch, context, this.boxAssigner);
    const ofBoxes = this.levelWeights(boxes, outputs);
    const logits = outputs.flat('scores').reshape<tf.Tensor2D>([-1, this.scoreChannels]);
    const weight = tf.tensor1d(classes.labelWeights.map((w, row) => w * ofClasses[row % ofClasses.length]));
    const loss_cls = this.lossCls.forward(logits, tf.tensor1d(classes.labels, 'int32'), {
      weight,
      avgFactor: Math.max(classes.avgFactor, 1),
    }) as tf.Scalar;
    return { loss_cls, ...this.boxLosses(outputs, boxes, ofBoxes) };
  }

  /** Weight of each prior [T], by its level: from 2 for the level with fewest positives so far, to 1. */
  private levelWeights({ positives }: BatchTargets, { sizes }: DenseOutputs<DDODMaps>): Float32Array {
    const levels = this.priorCache.levels(sizes);
    const found = this.counts.map(() => 0);
    for (const row of positives) found[levels[row % levels.length]]++;
    for (const [level, count] of found.entries()) this.counts[level] += sumOverRanks(count);
    const min = Math.min(...this.counts);
    const span = Math.max(...this.counts) - min + 1e-10;
    return Float32Array.from(levels, (level) => 2 - (this.counts[level] - min) / span);
  }

  private boxLosses(outputs: DenseOutputs<DDODMaps>, targets: BatchTargets, levelWeights: Float32Array): Losses {
    const { positives, boxes } = targets;
    if (positives.length === 0) {
      const zero = zeroLoss(this);
      return { loss_bbox: zero, loss_iou: zero };
    }
    const avgFactor = Math.max(targets.avgFactor, 1);
    const weight = tf.tensor1d(Float32Array.from(positives, (row) => levelWeights[row % levelWeights.length]));
    const ofSides = tf.tile(weight.expandDims<tf.Tensor2D>(1), [1, 4]); // for losses of boxes and of coordinates
    const predicted = this.predictedBoxes({ deltas: outputs.flat('deltas'), sizes: outputs.sizes }, positives);
    const target = tf.tensor2d(boxes, [positives.length, 4]);
    const iou = stopGradient(predicted, (given) => boxPair(given, target, (union) => tf.maximum(union, 1e-6)).iou);
    const logits = tf.gather(outputs.flat('ious').reshape([-1]), tf.tensor1d(positives, 'int32'));
    return {
      loss_bbox: this.lossBbox.forward(predicted, target, { weight: ofSides, avgFactor }) as tf.Scalar,
      loss_iou: this.lossIou.forward(logits, iou, { weight, avgFactor }) as tf.Scalar,
    };
  }

  protected override candidates(outputs: DenseOutputs<DDODMaps>): CandidateTensors {
    return { ...super.candidates(outputs), factors: tf.sigmoid(outputs.flat('ious')) };
  }
}

export const ddodHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'DDODHead',
  summary: 'Anchor-based head with assignments of their own for classes and boxes, and predicted IoUs',
  paper: 'Chen et al., Disentangle Your Dense Object Detector, ACM MM 2021',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'DDODHead', num_classes: 80, anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }, loss_cls: { type: 'FocalLoss' }, loss_bbox: { type: 'GIoULoss', loss_weight: 2 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('DDODHead', given, context),
  build: (given, context) => new DDODHead(given as DDODHeadConfig, context),
});
