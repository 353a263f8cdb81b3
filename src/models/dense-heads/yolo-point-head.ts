// What MMYOLO's anchor-free heads share: layers in a head module, boxes as distances from points, and the parts of their losses:
// classes whose targets are the quality of the assigned box, boxes weighted by it, distributions of the distances.
// N images, T points over all levels, C classes, P positives.

import * as tf from '@tensorflow/tfjs';
import type { BuildContext, ModuleConfig } from '../../catalogue/registry';
import type { Loss, LossCall } from '../losses';
import { type AssignerOffer, buildBBoxCoder, buildPriorGenerator, type Size } from '../task-modules';
import type { BatchTargets } from './batch-targets';
import type { YOLOTestCfg } from './decode-yolo-detections';
import { DecodedYOLOHead } from './decoded-yolo-head';
import type { CandidateTensors, DenseHeadConfig } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import type { ComputedParts } from './detached-predictions';
import { buildHeadModule, type HeadModule } from './head-module';

/**
 * By name: logits of the classes; distances left, top, right, bottom in strides; their distributions before softmax, of
 * modules that predict them.
 */
export type YOLOPointMaps = 'scores' | 'deltas' | 'distributions';

export interface YOLOPointHeadConfig extends Omit<DenseHeadConfig, 'num_classes'> {
  head_module: ModuleConfig;
  prior_generator: ModuleConfig;
  bbox_coder: ModuleConfig;
  loss_cls: ModuleConfig;
  loss_bbox: ModuleConfig;
  test_cfg?: YOLOTestCfg | null;
}

/** Predicted and target boxes of the positives, divided by their strides, and how much each counts. */
interface PositiveBoxes {
  predicted: tf.Tensor;
  truths: Float32Array; // [P, 4]
  points: Float32Array; // [P, 4]
  quality: Float32Array; // [P]
}

export abstract class YOLOPointHead<C extends YOLOPointHeadConfig> extends DecodedYOLOHead<
  C & { num_classes: number },
  YOLOPointMaps
> {
  protected readonly module: HeadModule;
  protected readonly lossCls: Loss;
  protected readonly lossBbox: Loss;

  constructor(config: C, context: BuildContext, { head, maps }: { head: string; maps: readonly YOLOPointMaps[] }) {
    const { registry, path, inputs } = context;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    const module = buildHeadModule(config.head_module, context, { head, maps, usual: `${head}Module` });
    super(
      { ...config, num_classes: module.numClasses },
      { registry, path },
      {
        priors: buildPriorGenerator(config.prior_generator, at('prior_generator'), { head, form: 'points' }),
        coder: buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head, priors: 'points' }),
      },
    );
    this.module = this.addChild('head_module', module);
    this.lossCls = registry.build('loss', config.loss_cls, at('loss_cls'));
    this.lossBbox = registry.build('loss', config.loss_bbox, at('loss_bbox'));
  }

  protected override get columns(): Readonly<Record<string, number>> {
    return this.module.columns;
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, predictions: ['scores', 'logits', 'boxes'], reads: ['scores'] };
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number, sizes: Size[]): Record<YOLOPointMaps, tf.Tensor4D> {
    return this.module.forwardSingle(x, level, sizes) as Record<YOLOPointMaps, tf.Tensor4D>;
  }

  /** Decoded boxes of all points [N, T, 4], in pixels. */
  protected boxes(outputs: DenseOutputs<YOLOPointMaps>): tf.Tensor3D {
    return outputs.once('boxes', () => {
      const points = this.priorCache.of(outputs.sizes);
      const strides = tf.tensor2d(points, [points.length / 4, 4]).slice([0, 2], [-1, 1]);
      return this.coder.decodeTensors(points, tf.mul<tf.Tensor3D>(outputs.flat('deltas'), strides));
    });
  }

  protected override predictions(outputs: DenseOutputs<YOLOPointMaps>): ComputedParts {
    return {
      scores: () => tf.sigmoid(outputs.flat('scores')),
      logits: () => outputs.flat('scores'),
      boxes: () => this.boxes(outputs),
    };
  }

  /** Sum of the classification loss: the target of an assigned class is its quality, of all others 0. */
  protected classLoss(outputs: DenseOutputs<YOLOPointMaps>, { positives, labels, scores }: BatchTargets): tf.Scalar {
    const { numClasses: classes } = this;
    const n = positives.length;
    const size = labels.length * classes;
    const indices = positives.map((row) => row * classes + labels[row]);
    const quality = scores ?? new Float32Array(0);
    const target = n
      ? tf.scatterND(tf.tensor2d(indices, [n, 1], 'int32'), tf.tensor1d(quality), [size])
      : tf.zeros([size]);
    const logits = outputs.flat('scores').reshape([-1, classes]);
    return tf.sum(this.lossCls.forward(logits, target.reshape([-1, classes])));
  }

  /** The boxes of at least one positive. */
  protected positiveBoxes(outputs: DenseOutputs<YOLOPointMaps>, targets: BatchTargets): PositiveBoxes {
    const { positives, boxes, scores: quality = new Float32Array(0) } = targets;
    const n = positives.length;
    const points = this.priorsOf(positives, outputs.sizes);
    const perStride = tf.tensor2d(
      Float32Array.from(positives, (_, k) => 1 / points[4 * k + 2]),
      [n, 1],
    );
    const all = this.boxes(outputs).reshape([-1, 4]);
    const predicted = tf.mul(tf.gather(all, tf.tensor1d(positives, 'int32')), perStride);
    return { predicted, truths: inStrides(boxes, points), points, quality };
  }

  protected boxLoss({ predicted, truths, quality }: PositiveBoxes, call: LossCall = {}): tf.Tensor {
    const target = tf.tensor2d(truths, [quality.length, 4]);
    return this.lossBbox.forward(predicted, target, { ...call, weight: tf.tensor1d(quality) });
  }

  /** `loss` of the distributions of the positives, over `sum`, against the true distances. */
  protected distributionLoss(
    loss: Loss,
    outputs: DenseOutputs<YOLOPointMaps>,
    positives: Int32Array,
    { truths, points, quality }: PositiveBoxes,
    sum: number,
  ): tf.Tensor {
    const bins = this.columns.distributions / 4;
    const limits = { maxDistance: bins - 1, epsilon: 0.01 };
    const sides = this.coder.encode(inStrides(points, points), truths, limits);
    const all = outputs.flat('distributions').reshape([-1, 4 * bins]);
    const distributions = tf.gather(all, tf.tensor1d(positives, 'int32'));
    return loss.forward(distributions.reshape([-1, bins]), tf.tensor1d(sides), {
      weight: tf.tensor1d(sides.map((_, i) => quality[i >> 2])),
      avgFactor: sum,
    });
  }

  protected override candidates(outputs: DenseOutputs<YOLOPointMaps>): CandidateTensors {
    return { scores: tf.sigmoid(outputs.flat('scores')), boxes: this.boxes(outputs) };
  }
}

/** Four numbers a positive, divided by its stride. */
const inStrides = (values: Float32Array, points: Float32Array) => values.map((v, i) => v / points[i | 3]);
