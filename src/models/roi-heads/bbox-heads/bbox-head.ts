// BBoxHead: class scores and box deltas of pooled RoIs by two linear layers; ConvFCBBoxHead puts layers before them.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { takeBoxes } from '../../../geometry/boxes';
import { applyInitCfg, Linear, Module, normal, zeros } from '../../../nn';
import { meanOverRanks } from '../../../ops/over-ranks';
import { NormedLinear } from '../../layers/normed-linear';
import { hasOwnScores, type Loss, zeroLoss } from '../../losses';
import { type BoxCoder, buildBBoxCoder } from '../../task-modules';
import type { Losses } from '../../types';
import type { BBoxOutputs, BoxHead } from '../types';
import {
  type BBoxHeadConfig,
  bboxHeadInferred,
  bboxHeadOptions,
  inferBBoxHead,
  type PredictorConfig,
} from './bbox-head-options';
import type { BBoxTargets } from './bbox-targets';
import { classificationLosses, perSampleLoss, scoreChannels } from './roi-classification';

/** The input of a linear layer: its features, and the map [C, height, width] that they are flattened from, if any. */
export interface LinearInput {
  features: number;
  chw?: [number, number, number];
}

export class BBoxHead extends Module implements BoxHead {
  readonly numClasses: number;
  readonly coder: BoxCoder;
  protected readonly fcCls?: Linear;
  protected readonly fcReg?: Linear;
  protected readonly lossCls: Loss;
  readonly lossBbox: Loss;
  readonly probabilities?: (scores: tf.Tensor2D) => tf.Tensor2D;

  constructor(
    protected readonly config: BBoxHeadConfig,
    { registry, path }: BuildContext,
    linearInputs?: { cls: LinearInput; reg: LinearInput } | 'none',
  ) {
    super();
    const { with_cls, with_reg, num_classes, reg_class_agnostic } = config;
    if (!with_cls && !with_reg)
      throw new DetLabError(`Cannot build ${this.constructor.name} at ${path}: with_cls and with_reg are both false`);
    this.numClasses = num_classes;
    this.coder = buildBBoxCoder(
      config.bbox_coder,
      { registry, path: `${path}.bbox_coder` },
      { head: this.constructor.name, priors: 'boxes' },
    );
    this.lossCls = registry.build('loss', config.loss_cls, { path: `${path}.loss_cls` });
    this.lossBbox = registry.build('loss', config.loss_bbox, { path: `${path}.loss_bbox` });
    // of losses that count (SeesawLoss, GHMR), in the state dict
    if (this.lossCls instanceof Module) this.addChild('loss_cls', this.lossCls);
    if (this.lossBbox instanceof Module) this.addChild('loss_bbox', this.lossBbox);
    const { lossCls } = this;
    if (hasOwnScores(lossCls)) this.probabilities = (scores) => lossCls.activate(scores);
    if (linearInputs === 'none') return;
    const pooled = linearInputOf(config, config.in_channels);
    const { cls, reg } = linearInputs ?? { cls: pooled, reg: pooled };
    const { cls_predictor_cfg: clsCfg, reg_predictor_cfg: regCfg } = config;
    const boxes = reg_class_agnostic ? 1 : num_classes;
    if (with_cls) this.fcCls = this.addChild('fc_cls', predictor(clsCfg, cls, this.scoreChannels, 0.01));
    if (with_reg) this.fcReg = this.addChild('fc_reg', predictor(regCfg, reg, boxes * this.coder.encodeSize, 0.001));
    if (!linearInputs) this.initialize();
  }

  /** Called while the head is built, after its loss: columns of the scores, one of them for the background unless the loss has others. */
  protected get scoreChannels(): number {
    return scoreChannels(this.lossCls, this.config.num_classes);
  }

  /** What the head's init_cfg sets; a NormedLinear then starts anew by itself. */
  protected initialize(): void {
    applyInitCfg(this, this.config.init_cfg);
    for (const layer of [this.fcCls, this.fcReg]) if (layer instanceof NormedLinear) layer.initializeItself();
  }

  get decodedTargets(): boolean {
    return this.config.reg_decoded_bbox;
  }

  /** Map [K, h, w, C] -> row [K, features], averaged or flattened. */
  protected flatten(x: tf.Tensor4D): tf.Tensor2D {
    return this.config.with_avg_pool ? tf.mean(x, [1, 2]) : x.reshape([x.shape[0], -1]);
  }

  /** Pooled RoIs [K, h, w, C] -> scores and deltas. */
  forward(pooled: tf.Tensor4D): BBoxOutputs {
    const row = this.flatten(pooled);
    return { scores: this.fcCls?.forward(row), deltas: this.fcReg?.forward(row) };
  }

  /** `loss_cls`, `loss_bbox` and the accuracy `acc` in percent; of a loss with scores of its own, what it names. */
  loss({ scores, deltas }: BBoxOutputs, targets: BBoxTargets): Losses {
    const avgFactor = meanOverRanks(targets.labels.length, 1);
    const losses = scores ? classificationLosses(this.lossCls, scores, targets, avgFactor) : {};
    if (deltas) losses.loss_bbox = this.boxLoss(deltas.cast<tf.Tensor2D>('float32'), targets, avgFactor);
    return losses;
  }

  perSampleLoss(outputs: BBoxOutputs, labels: Int32Array): Float32Array {
    return perSampleLoss(this.lossCls, outputs, labels, this.numClasses);
  }

  refine(boxes: Float32Array, deltas: Float32Array, labels: Int32Array, imgShape?: [number, number]): Float32Array {
    const perClass = !this.config.reg_class_agnostic;
    const rows = perClass ? labels.map((label, i) => i * this.numClasses + label) : labels.map((_, i) => i);
    return this.coder.decode(boxes, takeBoxes(deltas, rows), { maxShape: imgShape });
  }

  /** Over the positives only, and of each only the box of its class; divided by the number of all rois. */
  private boxLoss(
    deltas: tf.Tensor2D,
    { labels, positives, boxes, boxWeights, rois }: BBoxTargets,
    avgFactor: number,
  ): tf.Scalar {
    const size = this.coder.encodeSize;
    const perRoI = deltas.shape[1] / size;
    const rows = deltas.reshape<tf.Tensor2D>([deltas.shape[0] * perRoI, size]);
    if (positives.length === 0) {
      this.lossBbox.takePart?.();
      return zeroLoss(rows);
    }
    const ofClass = positives.map((i) => (perRoI === 1 ? i : i * perRoI + labels[i]));
    let predicted = tf.gather(rows, tf.tensor1d(ofClass, 'int32'));
    if (this.config.reg_decoded_bbox) {
      const proposals = Float32Array.from(
        { length: 4 * positives.length },
        (_, k) => rois[5 * positives[k >> 2] + 1 + (k & 3)],
      );
      predicted = this.coder.decodeTensors(proposals, predicted);
    }
    const target = tf.tensor2d(boxes, [positives.length, boxes.length / positives.length]);
    const weight = boxWeights && tf.tensor2d(boxWeights, [positives.length, 1]);
    return this.lossBbox.forward(predicted, target, { weight, avgFactor }) as tf.Scalar;
  }
}

/** @param std of the weights of a plain linear layer */
export function predictor(
  config: PredictorConfig,
  { features, chw }: LinearInput,
  outFeatures: number,
  std: number,
): Linear {
  const shape = { inFeatures: features, chw, outFeatures };
  if (config.type === 'Linear') return new Linear({ ...shape, init: normal(std), biasInit: zeros });
  return new NormedLinear({ ...shape, ...config, temperature: config.tempearture });
}

/** What a linear layer reads of a pooled map of `channels`: averaged, or flattened. */
export function linearInputOf({ with_avg_pool, roi_feat_size: [h, w] }: BBoxHeadConfig, channels: number): LinearInput {
  return with_avg_pool ? { features: channels } : { features: channels * h * w, chw: [channels, h, w] };
}

export const bboxHeadDefinition = defineModule({
  kind: 'bbox_head',
  type: 'BBoxHead',
  summary: 'Class scores and box deltas of RoIs, by one linear layer each',
  paper: 'Girshick, Fast R-CNN, ICCV 2015',
  shapes: 'pooled RoIs [K, h, w, C] -> scores [K, classes + 1], deltas [K, classes * 4]',
  example: "{ type: 'BBoxHead', with_avg_pool: true, in_channels: 2048, num_classes: 80 }",
  options: z.strictObject(bboxHeadOptions),
  inferred: bboxHeadInferred,
  infer: (given, context) => inferBBoxHead('BBoxHead', given, context),
  build: (given, context) => new BBoxHead(given as BBoxHeadConfig, context),
});
