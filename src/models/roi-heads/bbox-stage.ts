// One stage of classifying RoIs and refining their boxes: sampling, losses, predictions. StandardRoIHead has one,
// CascadeRoIHead several.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { bestClass } from '../../ops/best-class';
import { joinArrays } from '../join-arrays';
import { requireCfg } from '../require-cfg';
import type { SamplePredictions, SamplingResult } from '../task-modules';
import type { Assignment, AuxiliaryLevels, Losses, Proposals } from '../types';
import { type BBoxTargets, bboxTargets, reorder } from './bbox-heads/bbox-targets';
import { probabilitiesOf } from './bbox-heads/roi-classification';
import type { ProposalSampler } from './proposal-sampler';
import type { RoIPooler } from './roi-pooler';
import { roisOf, takeRois, unpermute } from './rois';
import type { BBoxOutputs, BoxHead, StageInput, StageOutput, StageTraining } from './types';

/** What a stage computed of the sampled RoIs of a batch. */
export interface StageResult {
  losses: Losses;
  /** By image. */
  sampled: SamplingResult[];
  targets: BBoxTargets;
  /** Row k of `pooled` and `outputs` is RoI `order[k]` of the targets; empty when nothing was sampled. */
  order: Int32Array;
  pooled: tf.Tensor4D;
  outputs: BBoxOutputs;
}

/** RoIs pooled at a time during prediction: a pooled RoI takes 49 times its channels. */
const ROI_CHUNK = 512;

const TRAIN_EXAMPLE =
  "{ assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.5, min_pos_iou: 0.5 }, sampler: { type: 'RandomSampler', num: 512, pos_fraction: 0.25 } }";

export class BBoxStage {
  constructor(
    readonly pooler: RoIPooler,
    readonly head: BoxHead,
    protected readonly proposalSampler?: ProposalSampler,
  ) {
    if (head.several)
      throw new DetLabError(
        `Cannot use ${head.constructor.name} in this roi_head: it predicts ${head.several} objects of each RoI. Use MultiInstanceRoIHead`,
      );
  }

  /** @throws DetLabError without train_cfg */
  get sampler(): ProposalSampler {
    return requireCfg(this.proposalSampler, 'the roi_head', 'train_cfg', TRAIN_EXAMPLE);
  }

  /** Image by image, the proposals (flat xyxy) that enter the losses. */
  sample(proposals: Float32Array[], training: StageTraining): SamplingResult[] {
    const { sampler, pooler, head } = this;
    const { features, batch, instances, context } = training;
    const { random, epoch } = context;
    return proposals.map((priors, image) => {
      const { imgShape } = batch.samples[image].meta;
      const input = { priors, instances: instances[image], imgShape, random, epoch };
      const predicted = <T>(candidates: Float32Array, read: (outputs: BBoxOutputs) => T): T => {
        const none = Array.from({ length: image }, () => new Float32Array(0));
        // plain numbers leave the tidy through this variable: it would look for tensors in each of them
        let values: T | undefined;
        tf.tidy(() => {
          values = read(head.forward(pooler.forward(features, roisOf([...none, candidates]))));
        });
        return values as T;
      };
      const sampled = sampler.sample(input, {
        perSampleLoss: (boxes, labels) => predicted(boxes, (outputs) => head.perSampleLoss(outputs, labels)),
        predictSamples: (boxes) => predicted(boxes, (outputs) => predictSamples(head, boxes, outputs)),
      });
      context.watch?.assigned(roiAssignment(training, image, sampled));
      return sampled;
    });
  }

  loss(features: tf.Tensor4D[], sampled: SamplingResult[]): StageResult {
    const { head, pooler } = this;
    const targets = bboxTargets(sampled, {
      coder: head.coder,
      decoded: head.decodedTargets,
      classes: head.numClasses,
      positiveWeight: this.sampler.cfg.pos_weight,
    });
    if (targets.labels.length > 0) {
      const order = pooler.order(targets.rois);
      const sorted = reorder(targets, order);
      const pooled = pooler.forward(features, sorted.rois);
      const outputs = head.forward(pooled);
      return { losses: this.lossesOf(outputs, sorted, { sampled, order }), sampled, targets, order, pooled, outputs };
    }
    // neither proposals nor ground truth in the whole batch: zero losses, through a made-up RoI so that gradients exist
    const dummy = { ...targets, rois: new Float32Array([0, 0, 0, 1, 1]), labels: new Int32Array(1) };
    const pooled = pooler.forward(features, dummy.rois);
    const outputs = head.forward(pooled);
    const losses = Object.entries(head.loss(outputs, dummy)).map(([name, value]) => [
      name,
      tf.mul(value as tf.Scalar, 0),
    ]);
    return { losses: Object.fromEntries(losses), sampled, targets, order: new Int32Array(0), pooled, outputs };
  }

  /** The losses of RoIs in the order of `order`; PISA weighs them and adds one. */
  protected lossesOf(outputs: BBoxOutputs, targets: BBoxTargets, _of: Pick<StageResult, 'sampled' | 'order'>): Losses {
    return this.head.loss(outputs, targets);
  }

  /**
   * The head's losses on auxiliary levels of the neck (AugFPN): every sampled RoI is pooled from each of them;
   * `loss_aux_cls` and `loss_aux_bbox` are the means over the levels.
   */
  auxiliaryLoss({ levels, strides, weight }: AuxiliaryLevels, { targets, order }: StageResult): Losses {
    const terms: Record<'loss_aux_cls' | 'loss_aux_bbox', tf.Scalar[]> = { loss_aux_cls: [], loss_aux_bbox: [] };
    if (order.length > 0)
      for (const [i, level] of levels.entries()) {
        const pooled = this.pooler.fromLevel(level, strides[i], targets.rois);
        const losses = this.head.loss(this.head.forward(pooled), targets);
        if (losses.loss_cls) terms.loss_aux_cls.push(losses.loss_cls as tf.Scalar);
        if (losses.loss_bbox) terms.loss_aux_bbox.push(losses.loss_bbox as tf.Scalar);
      }
    return Object.fromEntries(
      Object.entries(terms).map(([name, list]) => [
        name,
        list.length > 0 ? tf.mul<tf.Scalar>(tf.addN(list), weight / levels.length) : tf.scalar(0),
      ]),
    );
  }

  /** Scores (before softmax) and deltas of RoIs, in their order. */
  predict(features: tf.Tensor4D[], { boxes }: StageInput): StageOutput {
    const rois = roisOf(boxes);
    if (rois.length === 0) return { scores: new Float32Array(0) };
    const order = this.pooler.order(rois);
    const sorted = takeRois(rois, order);
    const chunks: { scores: Float32Array[]; deltas: Float32Array[] } = { scores: [], deltas: [] };
    for (let at = 0; at < sorted.length; at += 5 * ROI_CHUNK)
      tf.tidy(() => {
        const { scores, deltas } = readOutputs(
          this.head.forward(this.pooler.forward(features, sorted.subarray(at, at + 5 * ROI_CHUNK))),
        );
        chunks.scores.push(scores);
        if (deltas) chunks.deltas.push(deltas);
      });
    return {
      scores: unpermute(joinArrays(chunks.scores), order),
      deltas: chunks.deltas.length > 0 ? unpermute(joinArrays(chunks.deltas), order) : undefined,
    };
  }

  /** Scores before softmax [1, classes + 1] of one RoI (image, x1, y1, x2, y2), differentiable in the features. */
  scoresOf(features: tf.Tensor4D[], roi: Float32Array): tf.Tensor2D {
    const { scores } = this.head.forward(this.pooler.forward(features, roi));
    if (!scores) throw new DetLabError('Cannot score an RoI: the bbox_head has with_cls false');
    return scores;
  }
}

/** The positives of one image that the sampler drew, for those who watch. */
export function roiAssignment({ instances, stage }: StageTraining, image: number, sampled: SamplingResult): Assignment {
  const { positive, priors, positiveTruth, numTruths } = sampled;
  const { bboxes, labels } = instances[image];
  return {
    source: stage === undefined ? 'RoI head' : `RoI head, stage ${stage + 1}`,
    image,
    form: 'proposals',
    indices: positive,
    priors: takeBoxes(priors, positive),
    truths: positiveTruth,
    numTruths,
    boxes: bboxes,
    labels,
  };
}

/** Score and box of the best class of each, and its loss as background. */
function predictSamples(head: BoxHead, boxes: Float32Array, outputs: BBoxOutputs): SamplePredictions {
  const { deltas } = readOutputs(outputs);
  const likely = probabilitiesOf(head, outputs.scores!.cast<tf.Tensor2D>('float32')).dataSync<'float32'>();
  const best = bestClass(likely, head.numClasses + 1, head.numClasses);
  return {
    scores: best.scores,
    boxes: deltas ? head.refine(boxes, deltas, best.labels) : boxes,
    losses: head.perSampleLoss(outputs, new Int32Array(best.labels.length).fill(-1)),
  };
}

function readOutputs({ scores, deltas }: BBoxOutputs): { scores: Float32Array; deltas?: Float32Array } {
  if (!scores) throw new DetLabError('Cannot predict: the bbox_head has with_cls false, so RoIs have no scores');
  return {
    scores: scores.cast('float32').dataSync<'float32'>(),
    deltas: deltas?.cast('float32').dataSync<'float32'>(),
  };
}

/** The first stage's RoIs: proposals by image, with the features that they carry. */
export function stageInput(proposals: readonly Proposals[]): StageInput {
  const all = <T>(part: (ofImage: Proposals) => T | undefined): T[] | undefined => {
    const parts = proposals.map(part).filter((x) => x !== undefined);
    return parts.length === proposals.length && parts.length > 0 ? parts : undefined;
  };
  const features = all(({ features }) => features);
  const learned = all(({ learned }) => learned);
  return {
    boxes: proposals.map(({ bboxes }) => bboxes),
    objects: features && (tf.stack(features) as tf.Tensor3D),
    learned: learned && tf.concat(learned, 0),
  };
}
