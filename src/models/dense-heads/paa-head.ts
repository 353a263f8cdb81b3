// PAAHead: ATSS's layers; anchors stay positive by how likely their current losses make it, and scores are the geometric mean of
// class and IoU (Kim and Lee, Probabilistic Anchor Assignment with IoU Prediction, ECCV 2020). N images, P positives, C classes.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { meanOverRanks, meanTensorOverRanks } from '../../ops/over-ranks';
import { stopGradient } from '../../ops/stop-gradient';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { zeroLoss } from '../losses';
import { atLeast, boxPair } from '../losses/box-pair';
import type { DetBatch, LossContext, Losses } from '../types';
import { ATSSHead, type ATSSHeadConfig, type ATSSMaps, atssOptions } from './atss-head';
import type { BatchTargets } from './batch-targets';
import { pairsOfBestPriors } from './decode-best-priors';
import { type Candidates, denseTestCfg, nmsAndLimit, type SuppressionCfg, toFrame } from './decode-detections';
import type { CandidateTensors, Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import { testCfgText } from './head-options';
import { keptPositives } from './probabilistic-assignment';
import { scoreVoting } from './score-voting';

/** Weight of a box at least. */
const EPSILON = 1e-12;

export const paaOptions = {
  ...atssOptions,
  reg_decoded_bbox: z.literal(true).default(true).describe('Only true: the box loss compares boxes in pixels'),
  topk: z.int().positive().default(9).describe('Anchors of each object and level whose losses are looked at'),
  score_voting: z
    .boolean()
    .default(true)
    .describe('The box of a detection is the mean of all of its class, weighted by score and IoU'),
  covariance_type: z
    .enum(['full', 'tied', 'diag', 'spherical'])
    .default('diag')
    .describe('Variances of the two distributions of losses: tied is one for both, the others are alike'),
  test_cfg: z
    .strictObject({
      ...denseTestCfg.shape,
      score_voting: ignoredOption("the head's score_voting decides", { schema: z.boolean().optional() }),
    })
    .nullish()
    .describe(testCfgText),
};
const options = z.strictObject(paaOptions);
export type PAAHeadConfig = ATSSHeadConfig &
  Pick<z.output<typeof options>, 'topk' | 'score_voting' | 'covariance_type'>;

/** What stays assigned: targets of every prior of a batch. */
export interface KeptTargets extends Pick<BatchTargets, 'labels' | 'labelWeights' | 'positives' | 'boxes'> {
  images: number;
}

export class PAAHead<C extends PAAHeadConfig = PAAHeadConfig> extends ATSSHead<C> {
  constructor(config: C, context: BuildContext) {
    super(config, context);
    if (!this.lossCls.useSigmoid)
      throw new DetLabError(
        `Cannot build ${new.target.name} at ${context.path}: expected loss_cls with use_sigmoid: true, received ` +
          JSON.stringify(config.loss_cls),
      );
  }

  protected override trainingLosses(outputs: DenseOutputs<ATSSMaps>, batch: DetBatch, context: LossContext): Losses {
    return this.lossesOf(outputs, this.keptTargets(outputs, batch, context), true);
  }

  /** The assignment, of which the positives stay that their losses make likely. */
  protected keptTargets(outputs: DenseOutputs<ATSSMaps>, batch: DetBatch, context: LossContext): KeptTargets {
    const targets = this.targets(outputs, batch, context);
    const losses = this.positiveLosses(outputs, targets);
    const level = this.priorCache.levels(outputs.sizes);
    const total = level.length;
    const labels = Int32Array.from(targets.labels);
    const kept: number[] = [];
    let before = 0;
    for (const [i, { positive, truths }] of targets.images.entries()) {
      const assigned = {
        positive,
        truths,
        levels: positive.map((k) => level[k]),
        losses: losses.subarray(before, before + positive.length),
      };
      const stay = keptPositives(assigned, this.config.topk, this.config.covariance_type === 'tied');
      const staying = new Set(stay);
      for (const [k, prior] of positive.entries()) if (!staying.has(k)) labels[i * total + prior] = this.numClasses;
      context.watch?.kept(this.name, i, new Set(stay.map((k) => positive[k])));
      for (const k of stay) kept.push(before + k);
      before += positive.length;
    }
    return {
      labels,
      labelWeights: targets.labelWeights,
      positives: Int32Array.from(kept, (k) => targets.positives[k]),
      boxes: takeBoxes(targets.boxes, kept),
      images: targets.images.length,
    };
  }

  /** Class and box loss of each positive [P]. */
  private positiveLosses(outputs: DenseOutputs<ATSSMaps>, targets: BatchTargets): Float32Array {
    const { positives, labels, labelWeights, boxes } = targets;
    if (positives.length === 0) return new Float32Array();
    const logits = stopGradient(outputs.flat('scores')).reshape<tf.Tensor2D>([-1, this.scoreChannels]);
    const cls = this.lossCls.forward(
      tf.gather(logits, tf.tensor1d(positives, 'int32')),
      tf.tensor1d(
        positives.map((row) => labels[row]),
        'int32',
      ),
      { weight: tf.tensor1d(Float32Array.from(positives, (row) => labelWeights[row])), reduction: 'none' },
    );
    const predicted = this.predictedBoxes(
      { deltas: stopGradient(outputs.flat('deltas')), sizes: outputs.sizes },
      positives,
    );
    const box = this.lossBbox.forward(predicted, tf.tensor2d(boxes, [positives.length, 4]), { reduction: 'none' });
    const perBox = box.rank === 2 ? tf.sum(box, 1) : box;
    return tf.add(cls.rank === 2 ? tf.sum(cls, 1) : cls, perBox).dataSync<'float32'>() as Float32Array;
  }

  /** @param weighted by its IoU, each box of the box loss */
  protected lossesOf(outputs: DenseOutputs<ATSSMaps>, targets: KeptTargets, weighted: boolean): Losses {
    const { positives, boxes, labels, labelWeights, images } = targets;
    const count = positives.length;
    const mean = meanOverRanks(count);
    const avgFactor = Math.max(mean, images);
    const loss_cls = this.lossCls.forward(
      outputs.flat('scores').reshape<tf.Tensor2D>([-1, this.scoreChannels]),
      tf.tensor1d(labels, 'int32'),
      { weight: tf.tensor1d(labelWeights), avgFactor },
    ) as tf.Scalar;
    if (count === 0) {
      if (weighted) meanTensorOverRanks(tf.scalar(0), EPSILON); // the others wait for it
      const zero = zeroLoss(this);
      return { loss_cls, loss_bbox: zero, loss_iou: zero };
    }
    const predicted = this.predictedBoxes({ deltas: outputs.flat('deltas'), sizes: outputs.sizes }, positives);
    const target = tf.tensor2d(boxes, [count, 4]);
    const iou = stopGradient<tf.Tensor, tf.Tensor1D>(
      predicted,
      (given) => boxPair(given as tf.Tensor2D, target, (union) => tf.maximum(union, 1e-6)).iou,
    );
    const logits = tf.gather(outputs.flat('centerness').reshape([-1]), tf.tensor1d(positives, 'int32'));
    const bbox = weighted
      ? tf.div(
          this.lossBbox.forward(predicted, target, { weight: atLeast(iou, EPSILON) as tf.Tensor1D, avgFactor: 1 }),
          meanTensorOverRanks(tf.sum(iou), EPSILON),
        )
      : this.lossBbox.forward(predicted, target, { avgFactor: mean });
    return {
      loss_cls,
      loss_bbox: bbox as tf.Scalar,
      loss_iou: this.lossCenterness.forward(logits, iou, { avgFactor: mean }) as tf.Scalar,
    };
  }

  /** Geometric means of class and IoU. */
  protected override candidates(outputs: DenseOutputs<ATSSMaps>): CandidateTensors {
    const { scores, factors, ...rest } = super.candidates(outputs);
    return { ...rest, scores: tf.sqrt(tf.mul(scores, factors!)) };
  }

  override get selection(): Selection {
    return { ...super.selection, rule: this.config.score_voting ? 'voted priors' : 'best priors' };
  }

  protected override suppress(
    candidates: Candidates,
    meta: ImageMeta,
    cfg: SuppressionCfg,
    rescale: boolean,
  ): Detections {
    const { score_thr = 0, nms_pre = -1 } = cfg;
    const { priors, ...pairs } = pairsOfBestPriors(candidates, score_thr, nms_pre);
    const all = { ...pairs, boxes: toFrame(candidates.decode(priors), meta, rescale) };
    const found = nmsAndLimit(all, cfg);
    return this.config.score_voting ? scoreVoting(found, all) : found;
  }
}

export const paaHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'PAAHead',
  summary: 'ATSS head whose anchors are positive by the likelihood of their losses, with predicted IoUs',
  paper: 'Kim and Lee, Probabilistic Anchor Assignment with IoU Prediction for Object Detection, ECCV 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'PAAHead', num_classes: 80, anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }, loss_cls: { type: 'FocalLoss' }, loss_bbox: { type: 'GIoULoss', loss_weight: 1.3 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('PAAHead', given, context),
  build: (given, context) => new PAAHead(given as PAAHeadConfig, context),
});
