// What the heads of the DETR family share: losses of queries matched one to one with the truths (Carion et al., ECCV 2020),
// layer by layer, and the choice of detections.

import * as tf from '@tensorflow/tfjs';
import type { BuildContext } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { scaleBoxes, takeBoxes } from '../../geometry/boxes';
import { Module } from '../../nn/module';
import { stopGradient } from '../../ops';
import { topIndices } from '../../ops/top-indices';
import { type ClassificationLoss, type Loss, QualityFocalLoss } from '../losses';
import { boxPair } from '../losses/box-pair';
import { type Assigner, buildAssigner, type Instances, toInstances } from '../task-modules';
import type { DetBatch, LossContext, Losses } from '../types';
import { type DETRHeadConfig, perClassWeights } from './detr-head-options';
import { pixelBoxes, type QueryTargets, queryTargets } from './detr-targets';

/** Predictions of every decoder layer: logits [B, Q, channels] and boxes [B, Q, 4], cxcywh in shares of the image. */
export interface QueryPredictions {
  scores: tf.Tensor3D;
  boxes: tf.Tensor3D;
}

export abstract class QueryHead extends Module {
  readonly numClasses: number;
  readonly scoreChannels: number;
  readonly embedDims: number;
  protected readonly lossCls: ClassificationLoss;
  private readonly lossBbox: Loss;
  private readonly lossIou: Loss;
  private readonly background: number;
  private readonly assigner?: Assigner;

  constructor(
    protected readonly config: DETRHeadConfig,
    { registry, path }: BuildContext,
  ) {
    super();
    this.numClasses = config.num_classes;
    this.embedDims = config.embed_dims;
    const { loss, background } = perClassWeights(config.loss_cls, this.numClasses);
    this.background = background;
    const build = <T>(name: 'loss_cls' | 'loss_bbox' | 'loss_iou', given = config[name]) =>
      registry.build<T>('loss', given, { path: `${path}.${name}` });
    this.lossCls = build<ClassificationLoss>('loss_cls', loss);
    this.lossBbox = build<Loss>('loss_bbox');
    this.lossIou = build<Loss>('loss_iou');
    this.scoreChannels = this.numClasses + (this.lossCls.useSigmoid ? 0 : 1);
    if (config.train_cfg)
      this.assigner = buildAssigner(
        config.train_cfg.assigner,
        { registry, path: `${path}.train_cfg.assigner` },
        { head: this.constructor.name, predictions: ['logits', 'boxes'] },
      );
  }

  protected truthsOf(batch: DetBatch): Instances[] {
    return batch.samples.map(({ truths }) => toInstances(truths));
  }

  /** Losses of all layers: those of the last are `loss_cls`, ..., those before it `d0.loss_cls`, ... */
  protected layerLosses(
    layers: QueryPredictions[],
    truths: Instances[],
    batch: DetBatch,
    context: LossContext,
    name = 'loss',
  ): Losses {
    const found = layers.map((layer) => this.matchedLosses(layer, truths, batch, context, name));
    const losses: Losses = { ...found[found.length - 1] };
    for (const [i, layer] of found.slice(0, -1).entries()) for (const key in layer) losses[`d${i}.${key}`] = layer[key];
    return losses;
  }

  /** Losses of one layer, its queries matched with the truths. */
  protected matchedLosses(
    layer: QueryPredictions,
    truths: Instances[],
    batch: DetBatch,
    context: LossContext,
    name = 'loss',
  ): Losses {
    const { assigner } = this;
    if (!assigner)
      throw new DetLabError(
        'Cannot compute losses: the head was built without train_cfg. Give the detector train_cfg: { assigner: ... }',
      );
    const { scores, boxes } = layer;
    const [images, queries] = scores.shape;
    const [logits, coded] = [scores.dataSync<'float32'>(), boxes.dataSync<'float32'>()];
    const perImage = Array.from({ length: images }, (_, n) => {
      const own = (values: Float32Array, width: number) =>
        values.subarray(n * queries * width, (n + 1) * queries * width);
      const { imgShape } = batch.samples[n].meta;
      return { scores: own(logits, this.scoreChannels), boxes: own(coded, 4), truths: truths[n], imgShape };
    });
    return this.losses(layer, queryTargets(perImage, this.numClasses, assigner, context), batch, name);
  }

  /** Losses of queries whose targets are known, as `<name>_cls`, `<name>_bbox` and `<name>_iou`. */
  protected losses({ scores, boxes }: QueryPredictions, targets: QueryTargets, batch: DetBatch, name: string): Losses {
    const { labels, positives, negatives } = targets;
    const [images, queries] = scores.shape;
    const logits: tf.Tensor2D = scores.reshape([images * queries, this.scoreChannels]);
    const predicted: tf.Tensor2D = boxes.reshape([images * queries, 4]);
    const wanted = tf.tensor2d(targets.boxes, [labels.length, 4]);
    const present = new Float32Array(labels.length * 4);
    for (const i of positives) present.fill(1, 4 * i, 4 * i + 4);
    const weight = tf.tensor2d(present, [labels.length, 4]);
    const sizes = batch.samples.flatMap(({ meta: { imgShape } }) => [
      imgShape[1],
      imgShape[0],
      imgShape[1],
      imgShape[0],
    ]);
    const inPixels = (b: tf.Tensor2D): tf.Tensor2D =>
      tf.mul(corners(b).reshape([images, queries, 4]), tf.tensor3d(sizes, [images, 1, 4])).reshape([-1, 4]);
    const classFactor = Math.max(positives.length + negatives * this.background, 1);
    const boxFactor = Math.max(positives.length, 1);
    const classes = tf.tensor1d(labels, 'int32');
    const cls =
      this.lossCls instanceof QualityFocalLoss
        ? this.lossCls.forward(logits, [classes, quality(predicted, wanted, weight)], { avgFactor: classFactor })
        : this.lossCls.forward(logits, classes, { avgFactor: classFactor });
    return {
      [`${name}_cls`]: cls as tf.Scalar,
      [`${name}_bbox`]: this.lossBbox.forward(predicted, wanted, { weight, avgFactor: boxFactor }) as tf.Scalar,
      [`${name}_iou`]: this.lossIou.forward(inPixels(predicted), inPixels(wanted), {
        weight,
        avgFactor: boxFactor,
      }) as tf.Scalar,
    };
  }

  /** The best detections of each image. */
  protected detections({ scores, boxes }: QueryPredictions, batch: DetBatch, rescale: boolean): Detections[] {
    const [, queries, channels] = scores.shape;
    const sigmoid = this.lossCls.useSigmoid;
    const [all, coded] = [
      (sigmoid ? tf.sigmoid(scores) : tf.softmax(scores)).dataSync<'float32'>(),
      boxes.dataSync<'float32'>(),
    ];
    const most = this.config.test_cfg?.max_per_img ?? queries;
    return batch.samples.map(({ meta: { imgShape, scaleFactor } }, n) => {
      const own = all.subarray(n * queries * channels, (n + 1) * queries * channels);
      const best = sigmoid ? { scores: own, labels: undefined } : bestClass(own, channels);
      const chosen = topIndices(best.scores, Math.min(most, best.scores.length));
      const query = chosen.map((i) => (sigmoid ? Math.floor(i / channels) : i));
      const labels = chosen.map((i) => (best.labels ? best.labels[i] : i % channels));
      const own4 = coded.subarray(n * queries * 4, (n + 1) * queries * 4);
      const [height, width] = imgShape;
      let bboxes: Float32Array = pixelBoxes(takeBoxes(own4, query), imgShape).map((v, k) =>
        Math.min(Math.max(v, 0), k & 1 ? height : width),
      );
      if (rescale) bboxes = scaleBoxes(bboxes, [1 / scaleFactor[0], 1 / scaleFactor[1]]);
      return { bboxes, scores: Float32Array.from(chosen, (i) => best.scores[i]), labels };
    });
  }
}

/** cxcywh [n, 4] to xyxy. */
export function corners(boxes: tf.Tensor2D): tf.Tensor2D {
  const [centre, size] = tf.split(boxes, 2, 1);
  const half = tf.mul(size, 0.5);
  return tf.concat([tf.sub(centre, half), tf.add(centre, half)], 1) as tf.Tensor2D;
}

/** Overlap of each positive with its truth, a constant; zero for background. */
function quality(predicted: tf.Tensor2D, wanted: tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor {
  const { iou } = boxPair(corners(stopGradient(predicted)), corners(wanted), (union) => tf.maximum(union, 1e-6));
  return tf.mul(iou, tf.slice(weight, [0, 0], [-1, 1]).reshape([-1]));
}

/** Best foreground class of each query and its probability; the last channel is background. */
function bestClass(scores: Float32Array, channels: number): { scores: Float32Array; labels: Int32Array } {
  const count = scores.length / channels;
  const labels = new Int32Array(count);
  const best = new Float32Array(count);
  for (let i = 0; i < count; i++)
    for (let c = 0; c < channels - 1; c++)
      if (scores[i * channels + c] > best[i]) {
        best[i] = scores[i * channels + c];
        labels[i] = c;
      }
  return { scores: best, labels };
}
