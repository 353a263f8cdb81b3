// YOLOFHead: anchors of all sizes on one feature level; class scores carry an objectness that has no target of its own (Chen et al.,
// You Only Look One-level Feature, CVPR 2021). N images, A anchors a cell, T in all, C classes.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { Conv2d, ConvModule, Sequential } from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { joinArrays } from '../join-arrays';
import { zeroLoss } from '../losses';
import { atLeast } from '../losses/box-pair';
import type { AssignerOffer } from '../task-modules';
import type { Losses } from '../types';
import { AnchorHead, type AnchorMaps } from './anchor-head';
import { anchorHeadOptions } from './anchor-head-options';
import type { BatchTargets } from './batch-targets';
import type { DenseOutputs } from './dense-outputs';
import { noInitOption, normOption, rareClassInit, testCfgOption } from './head-options';
import { initializeDenseHead } from './initialize-dense-head';

const { feat_channels: _, ...anchorOptions } = anchorHeadOptions;
const options = z.strictObject({
  ...anchorOptions,
  feat_channels: ignoredOption('the towers keep the channels of the features', {
    schema: z.int().positive().default(256),
    lost: true,
  }),
  num_cls_convs: z.int().min(0).default(2).describe('3x3 convolutions of the class tower'),
  num_reg_convs: z.int().min(0).default(4).describe('3x3 convolutions of the box tower'),
  norm_cfg: normOption
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Normalisation of the towers'),
  reg_decoded_bbox: z.literal(true).default(true).describe('Only true: the box loss compares boxes in pixels'),
  init_cfg: noInitOption,
  test_cfg: testCfgOption,
});
export type YOLOFHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };

/** Exponentials are not larger than this in the normalisation of the scores. */
const LARGEST = 1e8;

export class YOLOFHead extends AnchorHead<YOLOFHeadConfig> {
  protected readonly towers: Record<'cls' | 'reg', Sequential<ConvModule>>;
  protected readonly cls: Conv2d;
  protected readonly reg: Conv2d;
  protected readonly object: Conv2d;

  constructor(config: YOLOFHeadConfig, context: BuildContext) {
    super(config, context);
    if (this.priors.numLevels !== 1 || !this.lossCls.useSigmoid)
      throw new DetLabError(
        `Cannot build YOLOFHead at ${context.path}: expected anchors on one feature level and a loss_cls with use_sigmoid: true, ` +
          `received ${this.priors.numLevels} levels and ${JSON.stringify(config.loss_cls)}`,
      );
    const { in_channels: inChannels, norm_cfg: normCfg, num_cls_convs, num_reg_convs } = config;
    const layer = { inChannels, kernelSize: 3, padding: 1 };
    const tower = (length: number) =>
      new Sequential(Array.from({ length }, () => new ConvModule({ ...layer, outChannels: inChannels, normCfg })));
    this.towers = {
      cls: this.addChild('cls_subnet', tower(num_cls_convs)),
      reg: this.addChild('bbox_subnet', tower(num_reg_convs)),
    };
    const [perCell] = this.priors.numBasePriors;
    const predictor = (columns: number) => new Conv2d({ ...layer, outChannels: perCell * columns });
    this.cls = this.addChild('cls_score', predictor(this.numClasses));
    this.reg = this.addChild('bbox_pred', predictor(4));
    this.object = this.addChild('object_pred', predictor(1));
    initializeDenseHead(this, rareClassInit('cls_score'));
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, reads: ['boxPairs'] };
  }

  protected override forwardSingle(x: tf.Tensor4D): Record<AnchorMaps, tf.Tensor4D> {
    const logits = this.cls.forward(this.towers.cls.forward(x));
    const features = this.towers.reg.forward(x);
    return { scores: withObjectness(logits, this.object.forward(features)), deltas: this.reg.forward(features) };
  }

  protected override losses(outputs: DenseOutputs<AnchorMaps>, targets: BatchTargets): Losses {
    const { images, avgFactor } = targets;
    const loss_cls = this.classLoss(outputs.flat('scores'), targets);
    const total = outputs.flat('scores').shape[1];
    const rows = Int32Array.from(
      images.flatMap(({ boxPairs }, i) => Array.from(boxPairs?.priors ?? [], (t) => i * total + t)),
    );
    if (rows.length === 0) return { loss_cls, loss_bbox: zeroLoss(this) };
    const codes = tf.gather(outputs.flat('deltas').reshape<tf.Tensor2D>([-1, 4]), tf.tensor1d(rows, 'int32'));
    const anchors = takeBoxes(
      this.coderPriors(outputs.sizes),
      rows.map((row) => row % total),
    );
    const target = tf.tensor2d(joinArrays(images.flatMap(({ boxPairs }) => boxPairs?.boxes ?? [])), [rows.length, 4]);
    const loss_bbox = this.lossBbox.forward(this.coder.decodeTensors(anchors, codes), target, { avgFactor });
    return { loss_cls, loss_bbox: loss_bbox as tf.Scalar };
  }
}

/** log of sigmoid(class) * sigmoid(object) as a logit: c + o - log(1 + e^c + e^o), for [N, H, W, A C] and [N, H, W, A]. */
function withObjectness(logits: tf.Tensor4D, objectness: tf.Tensor4D): tf.Tensor4D {
  const [n, h, w, anchors] = objectness.shape;
  const cls = logits.reshape<tf.Tensor5D>([n, h, w, anchors, -1]);
  const object = objectness.reshape<tf.Tensor5D>([n, h, w, anchors, 1]);
  const capped = (x: tf.Tensor5D) => tf.neg(atLeast(tf.neg(tf.exp(x)), -LARGEST));
  const norm = tf.log(tf.add(tf.add(capped(cls), 1), capped(object)));
  return tf.sub(tf.add(cls, object), norm).reshape(logits.shape);
}

export const yolofHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOFHead',
  summary: 'Anchor-based head on one feature level with an implicit objectness',
  paper: 'Chen et al., You Only Look One-level Feature, CVPR 2021',
  shapes: 'one feature level [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'YOLOFHead', num_classes: 80, anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [1, 2, 4, 8, 16] }, bbox_coder: { type: 'DeltaXYWHBBoxCoder', add_ctr_clamp: true, ctr_clamp: 32 }, loss_cls: { type: 'FocalLoss' }, loss_bbox: { type: 'GIoULoss' } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('YOLOFHead', given, context),
  build: (given, context) => new YOLOFHead(given as YOLOFHeadConfig, context),
});
