// YOLOXHead: two towers per level, one for the classes and one for the box and its objectness; points are assigned by SimOTA
// (Ge et al., YOLOX, 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import type { Conv2d, ModuleList } from '../../nn';
import { bestClass } from '../../ops/best-class';
import { meanOverRanks } from '../../ops/over-ranks';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { type Loss, zeroLoss } from '../losses';
import { nmsOption } from '../shared-options/nms-option';
import type { Assigner, AssignerOffer, AssignInput } from '../task-modules';
import { YOLOXBBoxCoder } from '../task-modules/coders/yolox-bbox-coder';
import type { EpochStart, Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import { type Candidates, nmsAndLimit } from './decode-detections';
import { type AssignImage, type CandidateTensors, DenseHead, type Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import type { ComputedParts } from './detached-predictions';
import {
  actOption,
  dcnTowerOptions,
  depthwiseOption,
  headOptions,
  initOptionOf,
  lossBboxOption,
  lossClsOption,
  pointTrainCfgOption,
  stridesText,
  testCfgText,
  towerOptions,
  yoloNormOption,
} from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { LevelTowers } from './level-towers';
import { rareClassBias } from './rare-class-bias';

const sumOfEntropy = { type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'sum', loss_weight: 1 };
const options = z.strictObject({
  ...headOptions,
  ...towerOptions,
  stacked_convs: z.number().int().positive().default(2).describe('Number of 3x3 convolutions in each tower'),
  strides: z.array(z.number().positive()).default([8, 16, 32]).describe(stridesText),
  use_depthwise: depthwiseOption,
  ...dcnTowerOptions,
  norm_cfg: yoloNormOption,
  act_cfg: actOption('Swish'),
  loss_cls: lossClsOption(sumOfEntropy),
  loss_bbox: lossBboxOption({ type: 'IoULoss', mode: 'square', eps: 1e-16, reduction: 'sum', loss_weight: 5 }),
  loss_obj: moduleOption('loss').default(sumOfEntropy).describe('Objectness loss'),
  loss_l1: moduleOption('loss')
    .default({ type: 'L1Loss', reduction: 'sum', loss_weight: 1 })
    .describe('Loss of the coded box in the last epochs, switched on by YOLOXModeSwitchHook'),
  train_cfg: pointTrainCfgOption,
  test_cfg: z
    .strictObject({
      score_thr: z.number().default(0).describe('Score threshold'),
      nms: nmsOption.describe('Non-maximum suppression within each class'),
    })
    .nullish()
    .describe(testCfgText),
  init_cfg: initOptionOf({
    type: 'Kaiming',
    layer: 'Conv2d',
    a: Math.sqrt(5),
    distribution: 'uniform',
    mode: 'fan_in',
    nonlinearity: 'leaky_relu',
  }),
});
export type YOLOXHeadConfig = z.output<typeof options> & { num_classes: number; in_channels: number };
type YOLOXMaps = 'scores' | 'deltas' | 'objectness';

export class YOLOXHead extends DenseHead<YOLOXHeadConfig, YOLOXMaps> {
  /** Adds the L1 loss of the coded boxes: the last epochs of the paper's schedule. */
  useL1 = false;
  protected readonly lossFns: Record<'cls' | 'bbox' | 'obj' | 'l1', Loss>;
  protected readonly towers: LevelTowers;
  protected readonly cls: ModuleList<Conv2d>;
  protected readonly reg: ModuleList<Conv2d>;
  protected readonly obj: ModuleList<Conv2d>;

  constructor(config: YOLOXHeadConfig, context: BuildContext) {
    const { registry, path, inputs } = context;
    const at = (name: string) => ({ path: `${path}.${name}`, inputs });
    const { strides } = config;
    super(config, context, {
      priors: registry.build('anchor_generator', { type: 'MlvlPointGenerator', strides, offset: 0 }, at('strides')),
      coder: new YOLOXBBoxCoder(),
    });
    const loss = (name: 'loss_cls' | 'loss_bbox' | 'loss_obj' | 'loss_l1') =>
      registry.build('loss', config[name], at(name));
    this.lossFns = { cls: loss('loss_cls'), bbox: loss('loss_bbox'), obj: loss('loss_obj'), l1: loss('loss_l1') };
    this.towers = new LevelTowers(config, { levels: strides.length });
    this.addChild('multi_level_cls_convs', this.towers.cls);
    this.addChild('multi_level_reg_convs', this.towers.reg);
    this.cls = this.addChild('multi_level_conv_cls', this.towers.predictors(this.numClasses, 1));
    this.reg = this.addChild('multi_level_conv_reg', this.towers.predictors(4, 1));
    this.obj = this.addChild('multi_level_conv_obj', this.towers.predictors(1, 1));
    initializeDenseHead(this, config.init_cfg);
    for (const conv of [...this.cls, ...this.obj]) conv.bias!.initializer = rareClassBias;
  }

  /** In the closing epochs the L1 loss of the coded boxes is added. */
  onEpoch({ closing }: EpochStart): string[] {
    const before = this.useL1;
    this.useL1 = closing;
    return closing && !before ? ['loss_l1 added'] : [];
  }

  protected override get columns(): Record<YOLOXMaps, number> {
    return { scores: this.numClasses, deltas: 4, objectness: 1 };
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, predictions: ['scores', 'boxes'], reads: ['maxOverlaps'] };
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<YOLOXMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x, level);
    return {
      scores: this.cls.at(level).forward(cls),
      deltas: this.reg.at(level).forward(reg),
      objectness: this.obj.at(level).forward(reg),
    };
  }

  /** Decoded boxes of all points [N, T, 4], in pixels. */
  protected boxes(outputs: DenseOutputs<YOLOXMaps>): tf.Tensor3D {
    return outputs.once('boxes', () =>
      this.coder.decodeTensors(this.priorCache.of(outputs.sizes), outputs.flat('deltas')),
    );
  }

  protected override predictions(outputs: DenseOutputs<YOLOXMaps>): ComputedParts {
    return {
      scores: () => tf.sqrt(tf.mul(tf.sigmoid(outputs.flat('scores')), tf.sigmoid(outputs.flat('objectness')))),
      boxes: () => this.boxes(outputs),
    };
  }

  /** The reference assigns by the centers of the cells, although boxes are relative to their corners. */
  protected override assignInput(assigner: Assigner, image: AssignImage): AssignInput {
    const input = super.assignInput(assigner, image);
    const { priors } = input;
    return { ...input, priors: priors.map((v, k) => (k & 2 ? v : v + priors[k + 2] * 0.5)) };
  }

  protected override losses(outputs: DenseOutputs<YOLOXMaps>, targets: BatchTargets): Losses {
    const { labels, positives, overlaps } = targets;
    const n = positives.length;
    const count = meanOverRanks(n, 1);
    const perPositive = (loss: tf.Tensor) => tf.div(loss, count) as tf.Scalar;
    const objects = new Float32Array(labels.length);
    for (const row of positives) objects[row] = 1;
    const loss_obj = perPositive(
      this.lossFns.obj.forward(outputs.flat('objectness').reshape([-1, 1]), tf.tensor2d(objects, [labels.length, 1])),
    );
    if (n === 0) {
      const zero = zeroLoss(this);
      return { loss_cls: zero, loss_bbox: zero, loss_obj, ...(this.useL1 && { loss_l1: zero }) };
    }
    const rows = tf.tensor1d(positives, 'int32');
    const at = (x: tf.Tensor3D) => tf.gather(x.reshape<tf.Tensor2D>([-1, x.shape[2]]), rows); // [P, K]
    const classes = Int32Array.from(positives, (row) => labels[row]);
    const oneHot = tf.oneHot(tf.tensor1d(classes, 'int32'), this.numClasses).cast('float32');
    const quality = tf.mul(oneHot, tf.tensor2d(overlaps, [n, 1])); // [P, C]
    const truths = tf.tensor2d(targets.boxes, [n, 4]);
    const losses: Losses = {
      loss_cls: perPositive(this.lossFns.cls.forward(at(outputs.flat('scores')), quality)),
      loss_bbox: perPositive(this.lossFns.bbox.forward(at(this.boxes(outputs)), truths)),
      loss_obj,
    };
    if (!this.useL1) return losses;
    const codes = tf.tensor2d(this.coder.encode(this.priorsOf(positives, outputs.sizes), targets.boxes), [n, 4]);
    return { ...losses, loss_l1: perPositive(this.lossFns.l1.forward(at(outputs.flat('deltas')), codes)) };
  }

  protected override candidates(outputs: DenseOutputs<YOLOXMaps>): CandidateTensors {
    return {
      scores: tf.sigmoid(outputs.flat('scores')),
      boxes: this.boxes(outputs),
      factors: tf.sigmoid(outputs.flat('objectness')),
    };
  }

  protected override decode(boxes: Float32Array): Float32Array {
    return boxes;
  }

  protected override decodedBoxes(boxes: tf.Tensor): tf.Tensor {
    return boxes;
  }

  override get selection(): Selection {
    const { score_thr, nms } = this.testCfg;
    return { rule: 'best class', clips: false, cfg: { score_thr, nms } };
  }

  /** Every point has one class, its best. */
  protected override suppress(
    { scores, factors, columns, decode }: Candidates,
    meta: ImageMeta,
    { score_thr, nms }: NonNullable<YOLOXHeadConfig['test_cfg']>,
    rescale: boolean,
  ): Detections {
    const best = bestClass(scores, columns);
    const joint = best.scores.map((score, k) => score * factors![k]);
    const kept = Int32Array.from(joint.keys()).filter((k) => joint[k] >= Math.fround(score_thr));
    const [x, y] = rescale ? meta.scaleFactor.map(Math.fround) : [1, 1];
    const boxes = decode(kept).map((v, k) => v / (k & 1 ? y : x));
    const labels = kept.map((k) => best.labels[k]);
    return nmsAndLimit({ boxes, scores: Float32Array.from(kept, (k) => joint[k]), labels }, { nms });
  }
}

export const yoloxHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOXHead',
  summary: 'Anchor-free decoupled head: classes, box and objectness, with layers per feature level',
  paper: 'Ge et al., YOLOX, 2021',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'YOLOXHead', num_classes: 80, feat_channels: 128, strides: [4, 8, 16, 32, 64] }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('YOLOXHead', given, context),
  build: (given, context) => new YOLOXHead(given as YOLOXHeadConfig, context),
});
