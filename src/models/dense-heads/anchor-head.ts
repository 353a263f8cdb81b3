// Base of the heads that predict, for every anchor, class scores and a coded box. Predictions of all levels are laid in
// one row; the losses gather from it only the anchors that learn, since all others weigh zero.

import * as tf from '@tensorflow/tfjs';
import type { z } from 'zod';
import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { Module } from '../../nn';
import { joinArrays } from '../join-arrays';
import type { ClassificationLoss, Loss } from '../losses';
import {
  type Assigner,
  type BoxCoder,
  buildAssigner,
  buildBBoxCoder,
  buildPriorGenerator,
  buildSampler,
  type PredictionPart,
  type Predictions,
  type PriorGenerator,
  type Sampler,
  type Size,
  toInstances,
} from '../task-modules';
import type { DetBatch, LossContext } from '../types';
import type { AnchorTrainCfg, anchorHeadOptions } from './anchor-head-options';
import { type AnchorTargets, anchorsInside, anchorTargets } from './anchor-targets';
import { detachedPredictions } from './detached-predictions';
import { eachLevel } from './each-level';

export type AnchorHeadConfig = z.output<z.ZodObject<typeof anchorHeadOptions>> & {
  in_channels: number;
  num_classes: number;
};

/** Predictions by level: scores [N, H, W, anchors * scoreChannels], deltas [N, H, W, anchors * 4]. */
export interface HeadOutputs {
  scores: tf.Tensor4D[];
  deltas: tf.Tensor4D[];
}

/** The same for all anchors of an image in a row, float32: scores [N, T, scoreChannels], deltas [N, T, 4]. */
export interface FlatOutputs {
  scores: tf.Tensor3D;
  deltas: tf.Tensor3D;
  /** [H, W] by level. */
  sizes: Size[];
}

export abstract class AnchorHead extends Module {
  readonly numClasses: number;
  readonly priors: PriorGenerator;
  readonly coder: BoxCoder;
  readonly lossCls: ClassificationLoss;
  readonly lossBbox: Loss;
  private readonly training_: { cfg: AnchorTrainCfg; assigner: Assigner; sampler: Sampler } | undefined;
  private laid: { key: string; anchors: Float32Array } | undefined;

  constructor(
    protected readonly config: AnchorHeadConfig,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    this.numClasses = config.num_classes;
    const head = this.constructor.name;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    this.priors = buildPriorGenerator(config.anchor_generator, at('anchor_generator'), { head, form: 'boxes' });
    this.coder = buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head, priors: this.coderPriors });
    this.lossCls = registry.build<ClassificationLoss>('loss', config.loss_cls, at('loss_cls'));
    this.lossBbox = registry.build('loss', config.loss_bbox, at('loss_bbox'));
    if (config.train_cfg) {
      const { assigner: given, sampler } = config.train_cfg;
      const offer = { head, priors: 'boxes', predictions: ['scores', 'logits', 'boxes'] } as const;
      const assigner = buildAssigner(given, at('train_cfg.assigner'), offer);
      this.training_ = {
        cfg: config.train_cfg,
        assigner,
        sampler: buildSampler(sampler, at('train_cfg.sampler'), { head, assigner }),
      };
    }
  }

  /** Scores per anchor: one per class with sigmoid, and one more for the background with softmax. */
  get scoreChannels(): number {
    return this.lossCls.useSigmoid ? this.numClasses : this.numClasses + 1;
  }

  /** Form of the priors that the coder is to be relative to. */
  protected get coderPriors(): 'boxes' | 'points' {
    return 'boxes';
  }

  /** Whether targets are boxes in pixels, not coded. */
  protected get decodedTargets(): boolean {
    return this.config.reg_decoded_bbox;
  }

  /** Weight of positives in the classification loss. */
  protected get positiveWeight(): number {
    const weight = this.training_?.cfg.pos_weight ?? -1;
    return weight > 0 ? weight : 1;
  }

  /** One feature level [N, H, W, C], the `level`-th, -> its scores and deltas. */
  protected abstract forwardSingle(x: tf.Tensor4D, level: number): { scores: tf.Tensor4D; deltas: tf.Tensor4D };

  forward(features: tf.Tensor4D[]): HeadOutputs {
    const outputs = eachLevel(features, (x, i) => this.forwardSingle(x, i));
    return { scores: outputs.map((o) => o.scores), deltas: outputs.map((o) => o.deltas) };
  }

  /** Lays all levels in a row; mixed precision ends here. */
  protected flatten({ scores, deltas }: HeadOutputs): FlatOutputs {
    const row = (levels: tf.Tensor4D[], columns: number) =>
      tf
        .concat(
          levels.map((x) => x.reshape<tf.Tensor3D>([x.shape[0], -1, columns])),
          1,
        )
        .cast<tf.Tensor3D>('float32');
    return {
      scores: row(scores, this.scoreChannels),
      deltas: row(deltas, this.coder.encodeSize),
      sizes: scores.map(({ shape }) => [shape[1], shape[2]]),
    };
  }

  /** The anchors of all levels in a row, flat xyxy. Kept while the sizes stay; do not write into them. */
  protected anchors(sizes: Size[]): Float32Array {
    const key = sizes.join(';');
    if (this.laid?.key === key) return this.laid.anchors;
    const anchors = joinArrays(this.priors.gridPriors(sizes));
    this.laid = { key, anchors };
    return anchors;
  }

  /**
   * What the anchors of each image of the batch should predict. `predict` is called only for an assigner that reads
   * predictions: with any other, this runs while the engine still computes them.
   */
  protected targets(
    sizes: Size[],
    batch: DetBatch,
    { random, epoch }: LossContext,
    predict: (parts: readonly PredictionPart[]) => Predictions[],
    classAgnostic = false,
  ): AnchorTargets[] {
    const { training_: training } = this;
    if (!training)
      throw new DetLabError(
        `Cannot compute the losses of ${this.constructor.name}: it was built without train_cfg. Give train_cfg with an assigner`,
      );
    const anchors = this.anchors(sizes);
    const { predictions } = training.assigner.needs;
    const predicted = predictions && predict(predictions);
    return batch.samples.map(({ meta, truths }, i) => {
      const inside = anchorsInside(
        this.priors,
        anchors,
        sizes,
        batch.padShapes?.[i] ?? batch.batchShape,
        meta.imgShape,
        training.cfg.allowed_border,
      );
      if (inside?.length === 0)
        throw new DetLabError(
          `Cannot train on "${meta.imgPath}": no anchor lies inside the image of ${meta.imgShape.join(' x ')} pixels. ` +
            'Set allowed_border to -1, or use smaller anchors',
        );
      const parts = {
        assigner: training.assigner,
        sampler: training.sampler,
        coder: this.coder,
        decoded: this.decodedTargets,
      };
      const input = {
        priors: anchors,
        levels: sizes.map(([h, w], k) => h * w * this.priors.numBasePriors[k]),
        instances: toInstances(truths, classAgnostic),
        predictions: predicted?.[i],
        imgShape: meta.imgShape,
        random,
        epoch,
      };
      return anchorTargets(parts, input, inside);
    });
  }

  /** What is predicted for the anchors of each image. */
  protected predictions({ scores, deltas, sizes }: FlatOutputs, parts: readonly PredictionPart[]): Predictions[] {
    return detachedPredictions(parts, scores.shape, {
      scores: () => (this.lossCls.useSigmoid ? tf.sigmoid(scores) : tf.softmax(scores)),
      logits: () => scores,
      boxes: () => this.coder.decodeTensors(this.anchors(sizes), deltas),
    });
  }

  /** Classification and box loss of a batch. Both are divided by the number of anchors that learn. */
  protected losses(
    { scores, deltas, sizes }: FlatOutputs,
    targets: AnchorTargets[],
  ): { cls: tf.Scalar; bbox: tf.Scalar } {
    const [images, total, channels] = scores.shape;
    const { pos_weight } = this.training_!.cfg;
    const avgFactor = targets.reduce((sum, t) => sum + t.avgFactor, 0);
    const positives = targets.flatMap((t, i) => Array.from(t.positive, (k) => i * total + k));
    const negatives = targets.flatMap((t, i) => Array.from(t.negative, (k) => i * total + k));

    const labels = new Int32Array(positives.length + negatives.length).fill(this.numClasses);
    labels.set(targets.flatMap((t) => [...t.labels]));
    const chosen = tf.gather(
      scores.reshape([images * total, channels]),
      tf.tensor1d([...positives, ...negatives], 'int32'),
    );
    let weight: tf.Tensor1D | undefined;
    if (pos_weight > 0)
      weight = tf.tensor1d(Float32Array.from(labels, (_, i) => (i < positives.length ? pos_weight : 1)));
    const cls = this.lossCls.forward(chosen, tf.tensor1d(labels, 'int32'), { weight, avgFactor }) as tf.Scalar;

    // without positives the loss is zero, yet the layers keep their (zero) gradient
    if (positives.length === 0) return { cls, bbox: noLoss(deltas) };
    const predicted = this.predictedBoxes({ deltas, sizes }, Int32Array.from(positives));
    const wanted = Float32Array.from(targets.flatMap((t) => [...t.boxes]));
    const bbox = this.lossBbox.forward(
      predicted,
      tf.tensor2d(wanted, [positives.length, wanted.length / positives.length]),
      {
        avgFactor,
      },
    ) as tf.Scalar;
    return { cls, bbox };
  }

  /**
   * What the box loss compares with its targets for the anchors at `rows` (image * T + anchor): boxes in pixels with
   * `reg_decoded_bbox`, else as predicted. `first` counts the anchors before those that `deltas` holds.
   */
  protected predictedBoxes(
    { deltas, sizes }: Pick<FlatOutputs, 'deltas' | 'sizes'>,
    rows: Int32Array,
    first = 0,
  ): tf.Tensor2D {
    const [, total, size] = deltas.shape;
    const predicted = tf.gather(deltas.reshape<tf.Tensor2D>([-1, size]), tf.tensor1d(rows, 'int32'));
    if (!this.config.reg_decoded_bbox) return predicted;
    const anchors = takeBoxes(
      this.anchors(sizes),
      rows.map((k) => first + (k % total)),
    );
    return this.coder.decodeTensors(anchors, predicted);
  }
}

/** Zero, with a zero gradient for the layers that predicted. */
export const noLoss = (predictions: tf.Tensor): tf.Scalar => tf.mul(tf.sum(tf.slice(predictions, 0, 1)), 0);
