// SABLRetinaHead: RetinaNet's towers, where each side of a box is a bucket and an offset in it (Wang et al., Side-Aware Boundary
// Localization, ECCV 2020). One square a cell, assigned by the best of the nine anchors that RetinaNet has there.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Conv2d } from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { type Loss, zeroLoss } from '../losses';
import { type Assigner, type AssignerOffer, type AssignInput, BucketingBBoxCoder } from '../task-modules';
import type { Losses } from '../types';
import { AnchorHead, type AnchorHeadConfig, type AnchorMaps, type BoxPredictions } from './anchor-head';
import { anchorTrainCfg } from './anchor-head-options';
import { ApproxAnchors, requireCells } from './approx-anchors';
import type { BatchTargets } from './batch-targets';
import type { AssignImage, CandidateTensors } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import {
  anchorCoderOption,
  anchorsOption,
  headOptions,
  initOptionOf,
  lossBboxOption,
  lossClsOption,
  normOption,
  rareClassInit,
  testCfgOption,
  towerOptions,
  trainCfgText,
} from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { TowerPair } from './tower-pair';

const options = z.strictObject({
  ...headOptions,
  ...towerOptions,
  norm_cfg: normOption,
  approx_anchor_generator: anchorsOption({
    type: 'AnchorGenerator',
    octave_base_scale: 4,
    scales_per_octave: 3,
    ratios: [0.5, 1, 2],
    strides: [8, 16, 32, 64, 128],
  }).describe('Generates the anchors of a cell, the best of which is what its square is assigned by'),
  square_anchor_generator: anchorsOption({
    type: 'AnchorGenerator',
    ratios: [1],
    scales: [4],
    strides: [8, 16, 32, 64, 128],
  }).describe('Generates the square of each cell that buckets divide'),
  bbox_coder: anchorCoderOption({ type: 'BucketingBBoxCoder', num_buckets: 14, scale_factor: 3 }),
  reg_decoded_bbox: z.literal(false).default(false).describe('Must be false: the losses compare buckets and offsets'),
  loss_cls: lossClsOption({ type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 }),
  loss_bbox_cls: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1.5 })
    .describe('Loss of the buckets'),
  loss_bbox_reg: lossBboxOption({ type: 'SmoothL1Loss', beta: 1 / 9, loss_weight: 1.5 }).describe(
    'Loss of the offsets',
  ),
  train_cfg: anchorTrainCfg.nullish().describe(trainCfgText),
  init_cfg: initOptionOf(rareClassInit('retina_cls')),
  test_cfg: testCfgOption,
});
export type SABLRetinaHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };

/** `deltas` are the scores of the buckets of the four sides, then their offsets. */
export class SABLRetinaHead extends AnchorHead<SABLRetinaHeadConfig & AnchorHeadConfig> {
  private readonly towers: TowerPair;
  private readonly cls: Conv2d;
  private readonly offsets: Conv2d;
  private readonly buckets: Conv2d;
  private readonly approxs: ApproxAnchors;
  private readonly bucketing: BucketingBBoxCoder;
  private readonly lossBuckets: Loss;

  constructor(config: SABLRetinaHeadConfig, context: BuildContext) {
    const parts = { anchor_generator: config.square_anchor_generator, loss_bbox: config.loss_bbox_reg };
    super({ ...config, ...parts }, context, { form: 'boxes', coder: 'buckets' });
    const { registry, path } = context;
    if (!(this.coder instanceof BucketingBBoxCoder))
      throw new DetLabError(
        `Cannot use ${config.bbox_coder.type} in SABLRetinaHead at ${path}.bbox_coder: expected BucketingBBoxCoder`,
      );
    this.bucketing = this.coder;
    this.approxs = new ApproxAnchors(config, this.priors, context, 'SABLRetinaHead');
    this.lossBuckets = registry.build('loss', config.loss_bbox_cls, { path: `${path}.loss_bbox_cls` });
    this.towers = new TowerPair(config);
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    const codes = this.coder.encodeSize / 2;
    this.cls = this.addChild('retina_cls', this.towers.predictor(this.scoreChannels));
    this.offsets = this.addChild('retina_bbox_reg', this.towers.predictor(codes));
    this.buckets = this.addChild('retina_bbox_cls', this.towers.predictor(codes));
    initializeDenseHead(this, config.init_cfg);
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, predictions: ['scores', 'logits'], approxs: true };
  }

  protected override forwardSingle(x: tf.Tensor4D): Record<AnchorMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x);
    const codes = [this.buckets.forward(reg), this.offsets.forward(reg)];
    return { scores: this.cls.forward(cls), deltas: tf.concat(codes, 3) };
  }

  protected override assignInput(assigner: Assigner, image: AssignImage): AssignInput {
    return { ...super.assignInput(assigner, image), approxs: this.approxs.of(image.sizes) };
  }

  protected override priorsInside(image: AssignImage): Int32Array | undefined {
    return requireCells(this.approxs.cellsInside(image, this.config.train_cfg?.allowed_border), image);
  }

  protected override spanLosses(scores: tf.Tensor3D, { deltas }: BoxPredictions, targets: BatchTargets): Losses {
    const { positives, boxes, boxWeights, avgFactor } = targets;
    const loss_cls = this.classLoss(scores, targets);
    if (positives.length === 0) {
      for (const loss of [this.lossBuckets, this.lossBbox]) loss.takePart?.();
      return { loss_cls, loss_bbox_cls: zeroLoss(this), loss_bbox_reg: zeroLoss(this) };
    }
    const size = this.coder.encodeSize;
    const codes = tf.gather(deltas.reshape<tf.Tensor2D>([-1, size]), tf.tensor1d(positives, 'int32'));
    const [buckets, offsets] = tf.split(codes, 2, 1);
    const parts = tf.split(tf.tensor2d(boxes, [positives.length, 2 * size]), 4, 1);
    const [offset, offsetWeight, bucket, bucketWeight] = parts;
    const byBox = boxWeights && tf.tensor2d(boxWeights, [positives.length, 1]);
    const weighted = (weight: tf.Tensor) => (byBox ? tf.mul(weight, byBox) : weight);
    const loss_bbox_cls = this.lossBuckets.forward(buckets, bucket, {
      weight: weighted(bucketWeight),
      avgFactor: (avgFactor * size) / 2,
    });
    const loss_bbox_reg = this.lossBbox.forward(offsets, offset, {
      weight: weighted(offsetWeight),
      avgFactor: avgFactor * 4 * this.bucketing.offsetTopk,
    });
    return { loss_cls, loss_bbox_cls: loss_bbox_cls as tf.Scalar, loss_bbox_reg: loss_bbox_reg as tf.Scalar };
  }

  protected override candidates(outputs: DenseOutputs<AnchorMaps>): CandidateTensors {
    const { scores } = super.candidates(outputs);
    const factors = this.bucketing.confidenceTensors(outputs.flat('deltas'));
    return { scores, boxes: this.boxes(outputs), decoded: true, factors };
  }
}

export const sablRetinaHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'SABLRetinaHead',
  summary: 'RetinaNet whose boxes are, for each side, a bucket and an offset',
  paper: 'Wang et al., Side-Aware Boundary Localization for More Precise Object Detection, ECCV 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'SABLRetinaHead', num_classes: 80, approx_anchor_generator: { type: 'AnchorGenerator', octave_base_scale: 4, scales_per_octave: 3, ratios: [0.5, 1, 2] }, square_anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [4] } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('SABLRetinaHead', given, context),
  build: (given, context) => new SABLRetinaHead(given as SABLRetinaHeadConfig, context),
});
