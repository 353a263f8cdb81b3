// What the heads of the DETR family share: losses of queries matched one to one with the ground truth (Carion et al., ECCV
// 2020), layer by layer, and the selection of detections. N images, Q queries, C classes, K scores per query.

import * as tf from '@tensorflow/tfjs';
import type { BuildContext } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { clipBoxes, takeBoxes, takeRows } from '../../geometry/boxes';
import { Module } from '../../nn';
import { stopGradient } from '../../ops';
import { bestClass } from '../../ops/best-class';
import { meanOverRanks } from '../../ops/over-ranks';
import { topIndices } from '../../ops/top-indices';
import { buildClassificationLoss, type ClassificationLoss, hasQualityTargets, type Loss } from '../losses';
import { boxPair } from '../losses/box-pair';
import { requireCfg } from '../require-cfg';
import { reportScores } from '../score-watch';
import { type Assigner, buildAssigner, type Instances, toInstances } from '../task-modules';
import type { PredictionPart } from '../task-modules/types';
import type { DetBatch, LossContext, Losses } from '../types';
import { toFrame } from './decode-detections';
import { type DETRHeadConfig, perClassWeights } from './detr-head-options';
import { imageRows } from './image-rows';
import { normalizedBox, noTargets, pixelBoxes, type QueryTargets, queryAssignment } from './query-targets';

/** Predictions of one decoder layer: logits [N, Q, K] and boxes [N, Q, 4], cxcywh in shares of the image. */
export interface QueryPredictions {
  scores: tf.Tensor3D;
  boxes: tf.Tensor3D;
}

const TRAIN_EXAMPLE = "{ assigner: { type: 'HungarianAssigner', match_costs: [{ type: 'ClassificationCost' }] } }";
const NO_PRIORS = new Float32Array(0);

export abstract class QueryHead<P extends QueryPredictions = QueryPredictions> extends Module {
  readonly numClasses: number;
  readonly embedDims: number;
  protected readonly lossCls: ClassificationLoss;
  protected readonly lossBbox: Loss;
  protected readonly lossIou: Loss;
  /** Weight of the background in the average of the classification loss. */
  protected readonly backgroundWeight: number;
  protected readonly assigner: Assigner | undefined;

  constructor(
    protected readonly config: DETRHeadConfig,
    { registry, path }: BuildContext,
  ) {
    super();
    this.numClasses = config.num_classes;
    this.embedDims = config.embed_dims;
    const { loss, background } = perClassWeights(config.loss_cls, this.numClasses);
    this.backgroundWeight = background;
    this.lossCls = buildClassificationLoss(loss, { registry, path: `${path}.loss_cls` });
    this.lossBbox = registry.build('loss', config.loss_bbox, { path: `${path}.loss_bbox` });
    this.lossIou = registry.build('loss', config.loss_iou, { path: `${path}.loss_iou` });
    if (config.train_cfg)
      this.assigner = buildAssigner(
        config.train_cfg.assigner,
        { registry, path: `${path}.train_cfg.assigner` },
        { head: this.constructor.name, predictions: this.matchable },
      );
  }

  /** Columns of the scores. */
  get scoreChannels(): number {
    return this.numClasses + (this.lossCls.useSigmoid ? 0 : 1);
  }

  /** What the assigner may read of a query. */
  protected get matchable(): PredictionPart[] {
    return ['logits', 'boxes'];
  }

  /** Which columns of the scores count, where not all do; of one image. */
  protected tokenMask(_image: number): Float32Array | undefined {
    return undefined;
  }

  /** Ground truth of each image. */
  protected instances(batch: DetBatch): Instances[] {
    return batch.samples.map(({ truths, meta }) => toInstances(truths, meta.imgPath));
  }

  /** Losses of all layers: those of the last are `loss_cls`, ..., those before it `d0.loss_cls`, ... */
  protected layerLosses(layers: P[], truths: Instances[], batch: DetBatch, context: LossContext): Losses {
    return byLayer(layers.map((layer) => this.matchedLosses(layer, truths, batch, context)));
  }

  /**
   * Losses of one layer, its queries matched with the ground truth, as `<name>_cls`, ...
   *
   * @param kept the queries of each image that take part; all when absent
   */
  protected matchedLosses(
    layer: P,
    truths: Instances[],
    batch: DetBatch,
    context: LossContext,
    name = 'loss',
    kept?: readonly Int32Array[],
  ): Losses {
    return prefixed(name, this.losses(layer, this.targets(layer, truths, batch, context, name, kept), batch));
  }

  /** Matches the queries of one layer with the ground truth; `name` is that of its losses. */
  protected targets(
    layer: P,
    truths: Instances[],
    batch: DetBatch,
    { random, epoch, watch }: LossContext,
    name: string,
    kept?: readonly Int32Array[],
  ): QueryTargets {
    const assigner = requireCfg(this.assigner, this.constructor.name, 'train_cfg', TRAIN_EXAMPLE);
    const [images, queries, channels] = layer.scores.shape;
    const targets = noTargets(images * queries, this.numClasses);
    const logits = layer.scores.dataSync<'float32'>();
    const boxes = layer.boxes.dataSync<'float32'>();
    if (kept) targets.labelWeights = new Float32Array(images * queries);
    for (const [n, instances] of truths.entries()) {
      const { imgShape } = batch.samples[n].meta;
      const chosen = kept?.[n];
      const rows = (values: Float32Array, size: number) => {
        const ofImage = imageRows(values, n, images);
        return chosen ? takeRows(ofImage, chosen, size) : ofImage;
      };
      const predictions = {
        count: chosen?.length ?? queries,
        classes: channels,
        logits: rows(logits, channels),
        tokenMask: this.tokenMask(n),
        boxes: pixelBoxes(rows(boxes, 4), imgShape),
      };
      if (chosen) for (const q of chosen) targets.labelWeights![n * queries + q] = 1;
      const { assigned } = assigner.assign({
        priors: NO_PRIORS,
        levels: [],
        instances,
        predictions,
        imgShape,
        random,
        epoch,
      });
      watch?.assigned(
        queryAssignment(name === 'enc_loss' ? 'encoder' : 'decoder', n, assigned, predictions.boxes, instances),
      );
      for (const [q, number] of assigned.entries()) {
        if (number <= 0) continue;
        const truth = number - 1;
        const row = n * queries + (chosen?.[q] ?? q);
        targets.labels[row] = instances.labels[truth];
        targets.truths[row] = truth;
        targets.boxes.set(normalizedBox(instances.bboxes.subarray(4 * truth, 4 * truth + 4), imgShape), 4 * row);
        targets.positives.push(row);
      }
    }
    if (kept) targets.negatives = kept.reduce((sum, { length }) => sum + length, 0);
    targets.negatives -= targets.positives.length;
    return targets;
  }

  /** What the losses of these targets divide by, of all processes: `sync_cls_avg_factor` of the reference, for boxes too. */
  protected divisors({ positives, negatives }: QueryTargets): { clsFactor: number; boxFactor: number } {
    return {
      clsFactor: meanOverRanks(positives.length + negatives * this.backgroundWeight, 1),
      boxFactor: meanOverRanks(positives.length, 1),
    };
  }

  /** Losses of queries whose targets are known: `cls`, `bbox`, `iou`, and whatever a subclass adds. */
  protected losses({ scores, boxes }: P, targets: QueryTargets, batch: DetBatch): Losses {
    const { labels, positives } = targets;
    const [images, queries, channels] = scores.shape;
    const logits: tf.Tensor2D = scores.reshape([images * queries, channels]);
    const predicted: tf.Tensor2D = boxes.reshape([images * queries, 4]);
    const target = tf.tensor2d(targets.boxes, [labels.length, 4]);
    const matched = new Float32Array(labels.length * 4);
    for (const row of positives) matched.fill(1, 4 * row, 4 * row + 4);
    const weight = tf.tensor2d(matched, [labels.length, 4]);
    const sizes = batch.samples.flatMap(
      ({
        meta: {
          imgShape: [height, width],
        },
      }) => [width, height, width, height],
    );
    const inPixels = (b: tf.Tensor2D): tf.Tensor2D =>
      tf.mul(corners(b).reshape([images, queries, 4]), tf.tensor3d(sizes, [images, 1, 4])).reshape([-1, 4]);
    const { clsFactor, boxFactor } = this.divisors(targets);
    const boxCall = { weight, avgFactor: boxFactor };
    return {
      cls: this.classLoss(logits, targets, clsFactor, () => quality(predicted, target, weight)) as tf.Scalar,
      bbox: this.lossBbox.forward(predicted, target, boxCall) as tf.Scalar,
      iou: this.lossIou.forward(inPixels(predicted), inPixels(target), boxCall) as tf.Scalar,
    };
  }

  /** The loss of the scores [N Q, K]; `overlaps` are the IoUs of the matched queries [N Q]. */
  protected classLoss(
    logits: tf.Tensor2D,
    { labels, labelWeights }: QueryTargets,
    avgFactor: number,
    overlaps: () => tf.Tensor,
  ): tf.Tensor {
    const classes = tf.tensor1d(labels, 'int32');
    const call = { weight: labelWeights && tf.tensor1d(labelWeights), avgFactor };
    return hasQualityTargets(this.lossCls)
      ? this.lossCls.forward(logits, [classes, overlaps()], call)
      : this.lossCls.forward(logits, classes, call);
  }

  /** How `detections` selects, for programs that cannot call it: scores by sigmoid of all classes, or by softmax of the best. */
  get selection(): { sigmoid: boolean; limit?: number } {
    return { sigmoid: this.lossCls.useSigmoid, limit: this.config.test_cfg?.max_per_img };
  }

  /** Detections of each image, the highest scores first. */
  protected detections({ scores, boxes }: QueryPredictions, batch: DetBatch, rescale: boolean): Detections[] {
    const likely: tf.Tensor3D = this.lossCls.useSigmoid ? tf.sigmoid(scores) : tf.softmax(scores);
    return this.selected(likely, boxes, batch, rescale);
  }

  /** Detections by probabilities [N, Q, K]. */
  protected selected(likely: tf.Tensor3D, boxes: tf.Tensor3D, batch: DetBatch, rescale: boolean): Detections[] {
    const [images, queries, channels] = likely.shape;
    const sigmoid = this.lossCls.useSigmoid;
    reportScores(() => ({
      source: this.constructor.name,
      count: queries,
      numClasses: this.numClasses,
      boxes: () => {
        const { imgShape } = batch.samples[0].meta;
        return clipBoxes(pixelBoxes(imageRows(boxes.dataSync<'float32'>(), 0, images), imgShape), imgShape);
      },
      score: (query, label) => tf.slice(likely, [0, query, label], [1, 1, 1]).asScalar(),
    }));
    const probabilities = likely.dataSync<'float32'>();
    const coded = boxes.dataSync<'float32'>();
    const limit = this.config.test_cfg?.max_per_img ?? queries;
    return batch.samples.map(({ meta }, n) => {
      const rows = imageRows(probabilities, n, images);
      // with sigmoid a query may be found under several classes, with softmax under its best one
      const best = sigmoid ? undefined : bestClass(rows, channels, channels - 1);
      const candidates = best?.scores ?? rows;
      // NaN is among them where there are too few numbers
      const selected = topIndices(candidates, Math.min(limit, candidates.length)).filter(
        (i) => !Number.isNaN(candidates[i]),
      );
      const query = best ? selected : selected.map((i) => Math.floor(i / channels));
      const pixels = pixelBoxes(takeBoxes(imageRows(coded, n, images), query), meta.imgShape);
      return {
        bboxes: toFrame(clipBoxes(pixels, meta.imgShape), meta, rescale),
        scores: Float32Array.from(selected, (i) => candidates[i]),
        labels: selected.map((i) => (best ? best.labels[i] : i % channels)),
      };
    });
  }
}

/** Losses of decoder layers under one name each: those before the last as `d0.<name>`, `d1.<name>`, ... */
export function byLayer(layers: Losses[]): Losses {
  const losses: Losses = { ...layers[layers.length - 1] };
  for (const [i, layer] of layers.slice(0, -1).entries())
    for (const name in layer) losses[`d${i}.${name}`] = layer[name];
  return losses;
}

/** `cls` as `<prefix>_cls`, ... */
export const prefixed = (prefix: string, losses: Losses): Losses =>
  Object.fromEntries(Object.entries(losses).map(([name, loss]) => [`${prefix}_${name}`, loss]));

/** cxcywh [n, 4] to xyxy. */
export function corners(boxes: tf.Tensor2D): tf.Tensor2D {
  const [center, size] = tf.split(boxes, 2, 1);
  const half = tf.mul(size, 0.5);
  return tf.concat([tf.sub(center, half), tf.add(center, half)], 1) as tf.Tensor2D;
}

/** IoU of each matched query with its ground-truth box, a constant; zero for background. */
function quality(predicted: tf.Tensor2D, target: tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor {
  const { iou } = boxPair(corners(stopGradient(predicted)), corners(target), (union) => tf.maximum(union, 1e-6));
  return tf.mul(iou, tf.slice(weight, [0, 0], [-1, 1]).reshape([-1]));
}
