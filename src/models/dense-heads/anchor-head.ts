// Base of the heads whose priors are assigned and sampled as `train_cfg` says, and that predict class scores and a coded box
// for each. N images, T priors over all levels, P positives, K scores per prior.

import * as tf from '@tensorflow/tfjs';
import type { BuildContext, ModuleConfig } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { takeBoxes, takeRows } from '../../geometry/boxes';
import { Module } from '../../nn';
import { buildClassificationLoss, type ClassificationLoss, type Loss, zeroLoss } from '../losses';
import {
  type AssignerOffer,
  buildBBoxCoder,
  buildPriorGenerator,
  type PriorForm,
  type PriorGenerator,
  type Size,
} from '../task-modules';
import type { LossContext, Losses } from '../types';
import type { AnchorTrainCfg } from './anchor-head-options';
import type { BatchTargets, BatchTargetsOptions } from './batch-targets';
import { type AssignImage, type CandidateTensors, DenseHead, type DenseHeadConfig } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import type { ComputedParts } from './detached-predictions';
import { levelSpans } from './image-rows';
import { priorsInside } from './priors-inside';

export interface AnchorHeadConfig extends DenseHeadConfig {
  anchor_generator: ModuleConfig;
  bbox_coder: ModuleConfig;
  reg_decoded_bbox?: boolean;
  loss_cls: ModuleConfig;
  loss_bbox: ModuleConfig;
  train_cfg?: AnchorTrainCfg | null;
}

/** Maps that every anchor head predicts: logits of the classes, coded boxes. */
export type AnchorMaps = 'scores' | 'deltas';

/** Some of the box predictions of a batch. */
export interface BoxPredictions {
  /** Coded [N, T', encodeSize]. */
  deltas: tf.Tensor3D;
  sizes: Size[];
  /** Of all images and levels [N, T, 4], where they are not those of the grid. */
  priors?: tf.Tensor3D;
  /** Index of the first of these T' priors among the T of all levels; 0 when absent. */
  first?: number;
}

/** `C` is the config, `M` the names of further maps. */
export abstract class AnchorHead<
  C extends AnchorHeadConfig = AnchorHeadConfig,
  M extends string = never,
> extends DenseHead<C, AnchorMaps | M> {
  readonly lossCls: ClassificationLoss;
  readonly lossBbox: Loss;

  /** @param given form of the priors to generate, and of those that boxes are coded relative to; name of the head */
  constructor(
    config: C,
    context: BuildContext,
    given: { form: PriorGenerator['form']; coder?: PriorForm; head?: string } = { form: 'boxes' },
  ) {
    const { registry, path, inputs } = context;
    const { form, coder = form, head = new.target.name } = given;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    super(config, context, {
      priors: buildPriorGenerator(config.anchor_generator, at('anchor_generator'), { head, form }),
      coder: buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head, priors: coder }),
    });
    this.lossCls = buildClassificationLoss(config.loss_cls, at('loss_cls'));
    this.lossBbox = registry.build('loss', config.loss_bbox, at('loss_bbox'));
    // losses that keep counts (GHM) are saved with the model
    if (this.lossCls instanceof Module) this.addChild('loss_cls', this.lossCls);
    if (this.lossBbox instanceof Module) this.addChild('loss_bbox', this.lossBbox);
  }

  /** One per class with sigmoid, and one more for the background with softmax. */
  override get scoreChannels(): number {
    return this.lossCls.useSigmoid ? this.numClasses : this.numClasses + 1;
  }

  protected override get columns(): Record<string, number> {
    return { scores: this.scoreChannels, deltas: this.coder.encodeSize };
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, predictions: ['scores', 'logits', 'boxes'] };
  }

  protected probabilities(logits: tf.Tensor): tf.Tensor {
    return this.lossCls.useSigmoid ? tf.sigmoid(logits) : tf.softmax(logits);
  }

  /** Decoded boxes of all priors [N, T, 4], in pixels. */
  protected boxes(outputs: DenseOutputs<AnchorMaps | M>): tf.Tensor3D {
    return outputs.once('boxes', () =>
      this.coder.decodeTensors(outputs.priors ?? this.coderPriors(outputs.sizes), outputs.flat('deltas')),
    );
  }

  protected override predictions(outputs: DenseOutputs<AnchorMaps | M>): ComputedParts {
    return {
      scores: () => this.probabilities(outputs.flat('scores')),
      logits: () => outputs.flat('scores'),
      boxes: () => this.boxes(outputs),
    };
  }

  /** @throws DetLabError when `allowed_border` leaves none */
  protected override priorsInside({ batch, index, sizes, priors }: AssignImage): Int32Array | undefined {
    const { imgShape, imgPath } = batch.samples[index].meta;
    const padShape = batch.padShapes?.[index] ?? batch.batchShape;
    const border = this.config.train_cfg?.allowed_border ?? -1;
    const anchors = priors ?? this.priorCache.of(sizes);
    const inside = priorsInside(this.priors, anchors, sizes, padShape, imgShape, border);
    if (inside?.length !== 0) return inside;
    throw new DetLabError(
      `Cannot train on "${imgPath}": no anchor lies inside the image of ${imgShape.join(' x ')} pixels. ` +
        'Set allowed_border to -1, or use smaller anchors',
    );
  }

  /** Whether the box loss compares decoded boxes, in pixels. */
  protected get decodedTargets(): boolean {
    return this.config.reg_decoded_bbox ?? false;
  }

  protected override boxTargets(
    boxes: Float32Array,
    priors: Int32Array,
    sizes: Size[],
    moved?: Float32Array,
  ): Float32Array {
    if (this.decodedTargets) return boxes;
    return this.coder.encode(takeBoxes(moved ?? this.coderPriors(sizes), priors), boxes);
  }

  protected override targetOptions(total: number): BatchTargetsOptions {
    const weight = this.config.train_cfg?.pos_weight ?? -1;
    return { ...super.targetOptions(total), positiveWeight: weight > 0 ? weight : 1 };
  }

  protected override losses(
    outputs: DenseOutputs<AnchorMaps | M>,
    targets: BatchTargets,
    _context: LossContext,
  ): Losses {
    const scores = outputs.flat('scores');
    const boxes = { deltas: outputs.flat('deltas'), sizes: outputs.sizes, priors: outputs.priors };
    if (![this.lossCls, this.lossBbox].some((loss) => loss instanceof Module))
      return this.spanLosses(scores, boxes, targets);
    // losses that count over the batch (GHM) count level by level; for all others the sum is the same
    const cut = (x: tf.Tensor3D, [start, end]: [number, number]) => x.slice([0, start, 0], [-1, end - start, -1]);
    const levels = levelSpans(this.priorCache.counts(outputs.sizes)).map((span) => {
      const predicted = { ...boxes, deltas: cut(boxes.deltas, span), first: span[0] };
      return this.spanLosses(cut(scores, span), predicted, levelTargets(targets, scores.shape[1], span));
    });
    const byLevel = (name: string) => levels.map((losses) => losses[name] as tf.Scalar);
    return Object.fromEntries(Object.keys(levels[0]).map((name) => [name, byLevel(name)]));
  }

  /** The losses of all levels together, or of one: logits [N, T, K]. */
  protected spanLosses(scores: tf.Tensor3D, boxes: BoxPredictions, targets: BatchTargets): Losses {
    return { loss_cls: this.classLoss(scores, targets), loss_bbox: this.boxLoss(boxes, targets) };
  }

  /** Logits [N, T, K]. */
  protected classLoss(scores: tf.Tensor3D, { rows, labels, labelWeights, avgFactor }: BatchTargets): tf.Scalar {
    const all = scores.reshape<tf.Tensor2D>([-1, scores.shape[2]]);
    const logits = rows ? tf.gather(all, tf.tensor1d(rows, 'int32')) : all;
    const weight = labelWeights.every((w) => w === 1) ? undefined : tf.tensor1d(labelWeights);
    return this.lossCls.forward(logits, tf.tensor1d(labels, 'int32'), { weight, avgFactor }) as tf.Scalar;
  }

  protected boxLoss(
    predicted: BoxPredictions,
    { positives, boxes, boxWeights, avgFactor }: BatchTargets,
    loss: Loss = this.lossBbox,
  ): tf.Scalar {
    if (positives.length === 0) {
      loss.takePart?.();
      return zeroLoss(this);
    }
    const target = tf.tensor2d(boxes, [positives.length, boxes.length / positives.length]);
    const weight = boxWeights && tf.tensor2d(boxWeights, [positives.length, 1]);
    return loss.forward(this.predictedBoxes(predicted, positives), target, { weight, avgFactor }) as tf.Scalar;
  }

  /** What the box loss compares for the positives [P, 4]: boxes in pixels with `reg_decoded_bbox`, else coded ones. */
  protected predictedBoxes(predicted: BoxPredictions, positives: Int32Array): tf.Tensor2D {
    const { deltas, sizes, priors: moved, first = 0 } = predicted;
    const [, total, columns] = deltas.shape;
    const coded = tf.gather(deltas.reshape<tf.Tensor2D>([-1, columns]), tf.tensor1d(positives, 'int32'));
    if (!this.decodedTargets) return coded;
    if (moved) {
      const rows = positives.map((row) => Math.floor(row / total) * moved.shape[1] + first + (row % total));
      const anchors = tf.gather(moved.reshape<tf.Tensor2D>([-1, 4]), tf.tensor1d(rows, 'int32'));
      return this.coder.decodeTensors(anchors, coded);
    }
    const priors = takeBoxes(
      this.coderPriors(sizes),
      positives.map((row) => first + (row % total)),
    );
    return this.coder.decodeTensors(priors, coded);
  }

  protected override candidates(outputs: DenseOutputs<AnchorMaps | M>): CandidateTensors {
    return { scores: this.probabilities(outputs.flat('scores')), ...this.candidateBoxes(outputs) };
  }

  protected candidateBoxes(outputs: DenseOutputs<AnchorMaps | M>): Pick<CandidateTensors, 'boxes' | 'decoded'> {
    return outputs.priors ? { boxes: this.boxes(outputs), decoded: true } : { boxes: outputs.flat('deltas') };
  }
}

/** The part of the targets that belongs to the priors [start, end) of each image; rows count these alone. */
function levelTargets(targets: BatchTargets, total: number, [start, end]: [number, number]): BatchTargets {
  const inLevel = (row: number) => row % total >= start && row % total < end;
  const own = (row: number) => Math.floor(row / total) * (end - start) + (row % total) - start;
  const positives = Int32Array.from(targets.positives.keys()).filter((k) => inLevel(targets.positives[k]));
  const { rows } = targets;
  const isIn = (_: number, k: number) => inLevel(rows ? rows[k] : k);
  return {
    ...targets,
    ...(rows && { rows: rows.filter(inLevel).map(own) }),
    labels: targets.labels.filter(isIn),
    labelWeights: targets.labelWeights.filter(isIn),
    positives: positives.map((k) => own(targets.positives[k])),
    boxes: takeRows(targets.boxes, positives, targets.boxes.length / targets.positives.length),
    ...(targets.boxWeights && { boxWeights: Float32Array.from(positives, (k) => targets.boxWeights![k]) }),
  };
}
