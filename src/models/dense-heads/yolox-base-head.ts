// What MMDetection's and MMYOLO's YOLOX heads share: points assigned by SimOTA, an objectness, and in the last epochs an L1 loss of
// the coded boxes (Ge et al., YOLOX, 2021). They differ in where their layers are, and in how detections are selected.

import * as tf from '@tensorflow/tfjs';
import type { BuildContext, ModuleConfig } from '../../catalogue/registry';
import { meanOverRanks } from '../../ops/over-ranks';
import { type Loss, zeroLoss } from '../losses';
import type { Assigner, AssignerOffer, AssignInput } from '../task-modules';
import type { EpochStart, Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import { type AssignImage, DenseHead, type DenseHeadConfig, type DenseHeadParts } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import type { ComputedParts } from './detached-predictions';

export const sumOfEntropy = { type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'sum', loss_weight: 1 };
export const squaredIoU = { type: 'IoULoss', mode: 'square', eps: 1e-16, reduction: 'sum', loss_weight: 5 };
export const sumOfL1 = { type: 'L1Loss', reduction: 'sum', loss_weight: 1 };

export interface YOLOXBaseConfig extends DenseHeadConfig {
  loss_cls: ModuleConfig;
  loss_bbox: ModuleConfig;
  loss_obj: ModuleConfig;
}
export type YOLOXMaps = 'scores' | 'deltas' | 'objectness';

/** `M` are the names of maps beside those of YOLOX. */
export abstract class YOLOXBaseHead<C extends YOLOXBaseConfig, M extends string = never> extends DenseHead<
  C,
  YOLOXMaps | M
> {
  /** Adds the L1 loss of the coded boxes: the last epochs of the paper's schedule. */
  useL1 = false;
  protected readonly lossFns: Record<'cls' | 'bbox' | 'obj' | 'auxiliary', Loss>;
  private readonly auxiliary: string;

  /** @param auxiliary name and config of the L1 loss */
  constructor(config: C, context: BuildContext, parts: DenseHeadParts, auxiliary: [name: string, loss: ModuleConfig]) {
    super(config, context, parts);
    const loss = (name: string, cfg: ModuleConfig) =>
      context.registry.build('loss', cfg, { path: `${context.path}.${name}` });
    [this.auxiliary] = auxiliary;
    this.lossFns = {
      cls: loss('loss_cls', config.loss_cls),
      bbox: loss('loss_bbox', config.loss_bbox),
      obj: loss('loss_obj', config.loss_obj),
      auxiliary: loss(...auxiliary),
    };
  }

  /** In the closing epochs the L1 loss of the coded boxes is added. */
  onEpoch({ closing }: EpochStart): string[] {
    const before = this.useL1;
    this.useL1 = closing;
    return closing && !before ? [`${this.auxiliary} added`] : [];
  }

  protected override get columns(): Record<YOLOXMaps, number> {
    return { scores: this.numClasses, deltas: 4, objectness: 1 };
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, predictions: ['scores', 'boxes'], reads: ['maxOverlaps'] };
  }

  /** Decoded boxes of all points [N, T, 4], in pixels. */
  protected boxes(outputs: DenseOutputs<YOLOXMaps | M>): tf.Tensor3D {
    return outputs.once('boxes', () =>
      this.coder.decodeTensors(this.priorCache.of(outputs.sizes), outputs.flat('deltas')),
    );
  }

  protected override predictions(outputs: DenseOutputs<YOLOXMaps | M>): ComputedParts {
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

  protected override losses(outputs: DenseOutputs<YOLOXMaps | M>, targets: BatchTargets): Losses {
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
      return { loss_cls: zero, loss_bbox: zero, loss_obj, ...(this.useL1 && { [this.auxiliary]: zero }) };
    }
    const rows = tf.tensor1d(positives, 'int32');
    const at = (x: tf.Tensor3D) => tf.gather(x.reshape<tf.Tensor2D>([-1, x.shape[2]]), rows); // [P, K]
    const qualities = new Float32Array(n * this.numClasses);
    for (const [k, row] of positives.entries()) qualities[k * this.numClasses + labels[row]] = overlaps[k];
    const quality = tf.tensor2d(qualities, [n, this.numClasses]);
    const truths = tf.tensor2d(targets.boxes, [n, 4]);
    const losses: Losses = {
      loss_cls: perPositive(this.lossFns.cls.forward(at(outputs.flat('scores')), quality)),
      loss_bbox: perPositive(this.lossFns.bbox.forward(at(this.boxes(outputs)), truths)),
      loss_obj,
    };
    if (!this.useL1) return losses;
    const codes = tf.tensor2d(this.coder.encode(this.priorsOf(positives, outputs.sizes), targets.boxes), [n, 4]);
    return {
      ...losses,
      [this.auxiliary]: perPositive(this.lossFns.auxiliary.forward(at(outputs.flat('deltas')), codes)),
    };
  }

  protected override decode(boxes: Float32Array): Float32Array {
    return boxes;
  }

  protected override decodedBoxes(boxes: tf.Tensor): tf.Tensor {
    return boxes;
  }
}
