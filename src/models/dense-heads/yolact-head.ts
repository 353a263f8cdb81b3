// YOLACTHead: RetinaNet's head with three anchors a cell, one tower for everything, and for each anchor the coefficients with which
// prototypes add up to its mask (Bolya et al., YOLACT: Real-time Instance Segmentation, ICCV 2019). Losses are summed over
// images, of negatives those of the hardest; detections by fast NMS.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { boxesWhere, takeBoxes } from '../../geometry/boxes';
import { Conv2d, convCfg, normCfg, type Sequential } from '../../nn';
import { fastNms } from '../../ops';
import { topIndices } from '../../ops/top-indices';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { zeroLoss } from '../losses';
import { requireCfg } from '../require-cfg';
import type { DetBatch, FoundInstances, InstanceHead, LossContext, Losses, LossesAndInstances } from '../types';
import { AnchorHead, type AnchorHeadConfig, type AnchorMaps } from './anchor-head';
import { anchorHeadOptions, anchorTrainCfg } from './anchor-head-options';
import { type BatchTargets, batchTargets } from './batch-targets';
import { cellPriors } from './cell-priors';
import { convTower, type TowerConfig, type TowerLayer } from './conv-tower';
import { pairsOfBestPriors } from './decode-best-priors';
import { type Candidates, toFrame } from './decode-detections';
import type { DenseOutputs } from './dense-outputs';
import { hardNegativeLoss } from './hard-negatives';
import { anchorsOption, initOptionOf, lossBboxOption, lossClsOption, trainCfgText } from './head-options';
import { imageRows } from './image-rows';
import { initializeDenseHead } from './initialize-dense-head';
import { maskThrOption } from './instance-test-cfg';
import { firstInstances, foundInstances, type MaskParameters, positiveInstances } from './mask-instances';
import type { DecodedCandidates, Selection } from './selection';

const count = z.number().int().positive();

export const yolactTestCfg = z.strictObject({
  nms_pre: z.number().int().default(1000).describe('Anchors kept per level, by their best class; not positive: all'),
  min_bbox_size: z.number().default(0).describe('Minimum width and height of a box in pixels; 0 or less: none'),
  score_thr: z.number().default(0.05).describe('Score threshold'),
  iou_thr: z.number().default(0.5).describe('IoU with a better box of the class above which a box is dropped'),
  top_k: count.default(200).describe('Best boxes of each class that are compared'),
  max_per_img: z.number().int().default(100).describe('Maximum number of detections per image; not positive: all'),
  mask_thr: maskThrOption,
  mask_thr_binary: ignoredOption('mask_thr is the threshold', {
    schema: z.number().min(0, 'must not be negative: masks are those of mask_thr, not of probabilities').default(0.5),
  }),
});
const options = z.strictObject({
  ...anchorHeadOptions,
  anchor_generator: anchorsOption({
    type: 'AnchorGenerator',
    octave_base_scale: 3,
    scales_per_octave: 1,
    ratios: [0.5, 1, 2],
    strides: [8, 16, 32, 64, 128],
  }),
  loss_cls: lossClsOption({ type: 'CrossEntropyLoss', use_sigmoid: false, reduction: 'none', loss_weight: 1 }),
  loss_bbox: lossBboxOption({ type: 'SmoothL1Loss', beta: 1, loss_weight: 1.5 }),
  num_head_convs: z.number().int().min(0).default(1).describe('Number of 3x3 convolutions in the tower'),
  num_protos: count.default(32).describe('Coefficients of a mask, as many as the mask_head has prototypes'),
  use_ohem: z.boolean().default(true).describe('Of each image only the hardest negatives have a loss'),
  conv_cfg: convCfg.nullish().describe('Convolution type of the tower'),
  norm_cfg: normCfg.nullish().describe('Normalisation of the tower'),
  train_cfg: anchorTrainCfg
    .extend({
      neg_pos_ratio: z.number().positive().default(3).describe('Hardest negatives per positive in each image'),
    })
    .nullish()
    .describe(trainCfgText),
  test_cfg: yolactTestCfg.nullish().describe('Post-processing, passed down by the detector'),
  init_cfg: initOptionOf({ type: 'Xavier', distribution: 'uniform', bias: 0, layer: 'Conv2d' }),
});
type Given = z.output<typeof options>;
type Config = Omit<AnchorHeadConfig, 'test_cfg' | 'train_cfg'> &
  Omit<Given, 'test_cfg' | 'num_classes' | 'in_channels'> & {
    in_channels: number;
    num_classes: number;
    // biome-ignore lint/suspicious/noExplicitAny: fast NMS in place of an nms, see `select`
    test_cfg?: any;
  };
type Outputs = DenseOutputs<AnchorMaps | 'parameters'>;

export class YOLACTHead extends AnchorHead<Config, 'parameters'> implements InstanceHead {
  readonly numParameters: number;
  private readonly tower: Sequential<TowerLayer>;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;
  private readonly coefficients: Conv2d;

  constructor(config: Config, context: BuildContext) {
    super(config, context);
    this.checkLoss(context.path);
    const { num_head_convs, in_channels, feat_channels } = config;
    this.numParameters = config.num_protos;
    this.tower = this.addChild('head_convs', convTower({ ...config, stacked_convs: num_head_convs } as TowerConfig));
    const perCell = cellPriors('YOLACTHead', this.priors, context.path);
    const inChannels = num_head_convs > 0 ? feat_channels : in_channels;
    const predictor = (columns: number) =>
      new Conv2d({ inChannels, outChannels: perCell * columns, kernelSize: 3, padding: 1 });
    this.cls = this.addChild('conv_cls', predictor(this.scoreChannels));
    this.reg = this.addChild('conv_reg', predictor(4));
    this.coefficients = this.addChild('conv_coeff', predictor(config.num_protos));
    initializeDenseHead(this, config.init_cfg);
  }

  /** Negatives are compared by a loss of each anchor; without mining the loss is averaged by itself. */
  private checkLoss(path: string): void {
    const { use_ohem, loss_cls } = this.config;
    const fail = (what: string) => {
      throw new DetLabError(`Cannot build YOLACTHead at ${path}: ${what}`);
    };
    if (use_ohem && this.lossCls.useSigmoid)
      fail(
        `use_ohem needs one loss for each anchor, but loss_cls "${loss_cls.type}" has one for each class. Use softmax`,
      );
    if (!use_ohem && loss_cls.reduction === 'none') fail("use_ohem is false: give loss_cls reduction: 'mean'");
  }

  protected override get columns(): Record<string, number> {
    return { ...super.columns, parameters: this.config.num_protos };
  }

  protected override forwardSingle(x: tf.Tensor4D): Record<AnchorMaps | 'parameters', tf.Tensor4D> {
    const features = this.tower.forward(x);
    return {
      scores: this.cls.forward(features),
      deltas: this.reg.forward(features),
      parameters: tf.tanh(this.coefficients.forward(features)),
    };
  }

  protected override losses(outputs: Outputs, targets: BatchTargets, context: LossContext): Losses {
    if (!this.config.use_ohem) return super.losses(outputs, targets, context);
    const [, total] = outputs.flat('scores').shape;
    const cut = (x: tf.Tensor3D, i: number) => x.slice([i, 0, 0], [1, -1, -1]);
    return {
      loss_cls: targets.images.map((_, i) => this.minedLoss(cut(outputs.flat('scores'), i).squeeze([0]), targets, i)),
      loss_bbox: targets.images.map((image, i) => {
        const alone = { ...batchTargets([image], this.targetOptions(total)), avgFactor: targets.avgFactor };
        return this.boxLoss({ deltas: cut(outputs.flat('deltas'), i), sizes: outputs.sizes }, alone);
      }),
    };
  }

  /** Of image `i`, without positives over all negatives; logits [T, classes + 1]. */
  private minedLoss(logits: tf.Tensor2D, targets: BatchTargets, i: number): tf.Scalar {
    const { neg_pos_ratio: ratio } = requireCfg(this.config.train_cfg, 'YOLACTHead', 'train_cfg');
    const labels = imageRows(targets.labels, i, targets.images.length);
    const weight = tf.tensor1d(imageRows(targets.labelWeights, i, targets.images.length));
    const losses = this.lossCls.forward(logits, tf.tensor1d(labels, 'int32'), { weight, reduction: 'none' });
    const limit = (positives: number) => (positives > 0 ? ratio * positives : labels.length);
    const sum = hardNegativeLoss(losses as tf.Tensor1D, labels, this.numClasses, limit);
    return sum ? tf.div(sum, targets.avgFactor) : zeroLoss(this);
  }

  private parameters(outputs: Outputs): MaskParameters {
    return { table: outputs.flat('parameters'), priors: this.priorCache.of(outputs.sizes) };
  }

  lossAndInstances(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): LossesAndInstances {
    const { outputs, losses, images } = this.assignedLosses(features, batch, context);
    const best = (image: number, rows: Int32Array) => this.bestScores(outputs, image, rows);
    return { losses, instances: positiveInstances(this.parameters(outputs), images, batch, best) };
  }

  private bestScores(outputs: Outputs, image: number, rows: Int32Array): Float32Array {
    const ofImage = outputs.flat('scores').slice([image, 0, 0], [1, -1, -1]).squeeze<tf.Tensor2D>([0]);
    const scores = this.probabilities(tf.gather(ofImage, tf.tensor1d(rows, 'int32')));
    return tf.max(tf.slice(scores, [0, 0], [-1, this.numClasses]), 1).dataSync<'float32'>();
  }

  /** Of one image, with the prior of each. */
  private select(
    candidates: Candidates,
    meta: ImageMeta,
    rescale: boolean,
  ): { detections: Detections; priors: Int32Array } {
    const { score_thr, nms_pre, iou_thr, top_k, max_per_img, min_bbox_size } = this.testCfg as z.output<
      typeof yolactTestCfg
    >;
    const pairs = pairsOfBestPriors(candidates, score_thr, nms_pre);
    const boxes = toFrame(candidates.decode(pairs.priors), meta, rescale);
    const isLarge = (x1: number, y1: number, x2: number, y2: number) =>
      min_bbox_size <= 0 || Math.min(x2 - x1, y2 - y1) > min_bbox_size;
    const rows = Int32Array.from(boxesWhere(boxes, isLarge));
    const [scores, labels] = [Float32Array.from(rows, (k) => pairs.scores[k]), rows.map((k) => pairs.labels[k])];
    const kept = fastNms(takeBoxes(boxes, rows), scores, labels, { iouThreshold: iou_thr, topK: top_k });
    const sorted = topIndices(
      Float32Array.from(kept, (k) => scores[k]),
      max_per_img > 0 ? Math.min(max_per_img, kept.length) : kept.length,
    );
    const order = Int32Array.from(sorted, (k) => rows[kept[k]]);
    const detections = {
      bboxes: takeBoxes(boxes, order),
      scores: Float32Array.from(order, (k) => pairs.scores[k]),
      labels: order.map((k) => pairs.labels[k]),
    };
    return { detections, priors: order.map((k) => pairs.priors[k]) };
  }

  protected override suppress(candidates: Candidates, meta: ImageMeta, _cfg: unknown, rescale: boolean): Detections {
    return this.select(candidates, meta, rescale).detections;
  }

  override get selection(): Selection {
    const { min_bbox_size: smallest, max_per_img: most, ...cfg } = this.testCfg as z.output<typeof yolactTestCfg>;
    const limits = { min_bbox_size: smallest > 0 ? smallest : -1, max_per_img: most > 0 ? most : -1 };
    return { ...super.selection, rule: 'fast NMS', cfg: { ...cfg, ...limits, nms: null } };
  }

  override decodedCandidates(features: tf.Tensor4D[], outputs = this.outputs(features)): DecodedCandidates {
    return { ...super.decodedCandidates(features, outputs), parts: { parameters: outputs.flat('parameters') } };
  }

  predictInstances(features: tf.Tensor4D[], batch: DetBatch): FoundInstances {
    const outputs = this.outputs(features);
    const found = this.selectEach(outputs, batch, (candidates, meta) => this.select(candidates, meta, false));
    return foundInstances(this.parameters(outputs), found);
  }

  forwardInstances(features: tf.Tensor4D[]) {
    const outputs = this.outputs(features);
    return { outputs: outputs.maps, instances: firstInstances(this.parameters(outputs)) };
  }
}

export const yolactHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLACTHead',
  summary: 'Anchor-based head with one tower, which also predicts coefficients of mask prototypes',
  paper: 'Bolya et al., YOLACT: Real-time Instance Segmentation, ICCV 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n], labels [n] and coefficients of masks',
  example: "{ type: 'YOLACTHead', num_classes: 80, num_protos: 32 }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('YOLACTHead', given, context),
  build: (given, context) => new YOLACTHead(given as Config, context),
});
