// SoftTeacher (Xu et al., End-to-End Semi-Supervised Object Detection with Soft Teacher, ICCV 2021): of what the teacher finds, the first
// stage and the classes learn boxes with high scores, refinement learns boxes that hardly move with their proposals; a proposal that is
// assigned to none counts as background as far as the teacher sees background in it. The reference asks the teacher about
// all proposals, and uses what it says of those; here it is asked about those alone.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { inverted, multiply, projectInto } from '../../geometry/projective-map';
import type { Random } from '../../random';
import { probabilitiesOf } from '../roi-heads/bbox-heads/roi-classification';
import type { StageResult } from '../roi-heads/bbox-stage';
import { StandardRoIHead } from '../roi-heads/standard-roi-head';
import type { StageTraining } from '../roi-heads/types';
import { type SamplingResult, toInstances } from '../task-modules';
import type { DetBatch, Detector, LossContext, Losses } from '../types';
import { above, batchOf, homographyOf, type PseudoInstances, pseudoInstancesOf, surer } from './pseudo-instances';
import {
  constantly,
  SEMI_EXAMPLE_DETECTOR,
  SemiBaseDetector,
  semiOptions,
  semiTrainCfg,
  weighed,
} from './semi-base-detector';
import { TwoStageDetector } from './two-stage-detector';

const threshold = z.number().min(0).max(1);
const options = z.strictObject({
  ...semiOptions,
  semi_train_cfg: z
    .strictObject({
      ...semiTrainCfg,
      pseudo_label_initial_score_thr: threshold.describe('Score above which what the teacher finds is kept at all'),
      rpn_pseudo_thr: threshold.describe('Score above which the first stage learns it'),
      reg_pseudo_thr: z.number().min(0).describe('Uncertainty below which refinement learns its box'),
      jitter_times: z.int().min(2).describe('Boxes from which the teacher finds each again, for its uncertainty'),
      jitter_scale: z.number().min(0).describe('How far those are away: standard deviation relative to its sides'),
    })
    .describe('Training'),
});
type Config = z.output<typeof options>;
type Student = TwoStageDetector & { readonly roiHead: StandardRoIHead };

export class SoftTeacher extends SemiBaseDetector<Student, Config> {
  constructor(config: Config, context: BuildContext) {
    super(config, context, (detector, path) => {
      if (isStudent(detector)) return detector;
      throw new DetLabError(
        `Cannot build SoftTeacher: expected a two-stage detector with an rpn_head and a StandardRoIHead of boxes as ${path}, received ` +
          `${detector.constructor.name}. Use SemiBaseDetector for others`,
      );
    });
  }

  protected override lossesOfViews(weak: DetBatch, strong: DetBatch, context: LossContext): Losses {
    const { teacher, cfg } = this;
    let found: PseudoInstances[] = [];
    // read again when the student has its proposals
    let seen: tf.Tensor4D[] = [];
    try {
      constantly(weak, (inputs) => {
        seen = teacher.extractFeatures(inputs).map((level) => tf.keep(level));
        const detected = teacher.predictFrom(seen, weak, { rescale: false }).map(pseudoInstancesOf);
        found = this.withUncertainty(
          detected.map((one) => above(one, cfg.pseudo_label_initial_score_thr)),
          { features: seen, batch: weak, random: context.random },
        );
      });
      const known = this.seenByStudent(found, weak, strong);
      return weighed(this.lossesBy(known, { seen, weak, strong }, context), cfg.unsup_weight);
    } finally {
      tf.dispose(seen);
    }
  }

  private lossesBy(
    known: readonly PseudoInstances[],
    { seen, weak, strong }: { seen: tf.Tensor4D[]; weak: DetBatch; strong: DetBatch },
    context: LossContext,
  ): Losses {
    const { student, cfg } = this;
    const { stage } = student.roiHead;
    const features = student.extractFeatures(strong.inputs);
    const proposing = batchOf(
      strong,
      known.map((one) => above(one, cfg.rpn_pseudo_thr)),
    );
    const { losses, proposals } = student.proposalLosses(features, proposing, context);
    const sampled = (instances: readonly PseudoInstances[]) => {
      const training = trainingOf(features, batchOf(strong, instances), context);
      return stage.sample(
        proposals.map(({ bboxes }) => bboxes),
        training,
      );
    };
    const ofClasses = sampled(known.map((one) => above(one, cfg.cls_pseudo_thr)));
    const classes = stage.loss(features, this.asBackground(ofClasses, seen, weak, strong));
    const boxes = stage.loss(features, sampled(known.map((one) => surer(one, cfg.reg_pseudo_thr))));
    const { loss_bbox: _, ...ofScores } = classes.losses;
    return {
      ...losses,
      ...ofScores,
      loss_cls: tf.mul<tf.Scalar>(classes.losses.loss_cls as tf.Scalar, weightsApart(classes)),
      loss_bbox: boxes.losses.loss_bbox,
    };
  }

  /** Negatives weighed by the probability of the background that the teacher sees in them. */
  private asBackground(
    sampled: readonly SamplingResult[],
    seen: tf.Tensor4D[],
    weak: DetBatch,
    strong: DetBatch,
  ): SamplingResult[] {
    const { bboxHead, stage } = this.teacher.roiHead;
    const boxes = sampled.map(({ priors, negative }, i) => {
      const [from, to] = [strong.samples[i].meta, weak.samples[i].meta];
      const map = multiply(homographyOf(to), inverted(homographyOf(from)));
      return projectInto(takeBoxes(priors, negative), map, to.imgShape);
    });
    const count = boxes.reduce((sum, { length }) => sum + length / 4, 0);
    if (count === 0) return [...sampled];
    const columns = bboxHead.numClasses + 1;
    let likely = new Float32Array(0);
    constantly(weak, () => {
      const { scores } = stage.predict(seen, { boxes });
      likely = probabilitiesOf(
        bboxHead,
        tf.tensor2d(scores, [count, scores.length / count]),
      ).dataSync<'float32'>() as Float32Array<ArrayBuffer>;
    });
    let at = 0;
    return sampled.map((one) => {
      const first = at;
      at += one.negative.length;
      return {
        ...one,
        negativeWeights: Float32Array.from(one.negative, (_, k) => likely[(first + k + 1) * columns - 1]),
      };
    });
  }

  /** How much the boxes that the teacher finds from places around a box differ, relative to its sides. */
  private withUncertainty(
    found: readonly PseudoInstances[],
    { features, batch, random }: { features: tf.Tensor4D[]; batch: DetBatch; random: Random },
  ): PseudoInstances[] {
    const { jitter_times: times, jitter_scale: scale } = this.cfg;
    const { bboxHead, stage } = this.teacher.roiHead;
    const boxes = found.map(({ bboxes }) => jittered(bboxes, this.noise(times * bboxes.length, random), scale));
    const { deltas } = stage.predict(features, { boxes });
    const columns = deltas ? deltas.length / boxes.reduce((sum, { length }) => sum + length / 4, 0) : 0;
    let at = 0;
    return found.map((one, i) => {
      const rows = boxes[i].length / 4;
      const own = deltas?.subarray(at * columns, (at + rows) * columns);
      at += rows;
      const labels = Int32Array.from({ length: rows }, (_, k) => one.labels[k % one.labels.length]);
      const again = own ? bboxHead.refine(boxes[i], own, labels, batch.samples[i].meta.imgShape) : boxes[i];
      return { ...one, uncertainties: spread(again, one.labels.length) };
    });
  }

  /** Standard normal numbers. */
  protected noise(count: number, random: Random): Float32Array {
    return Float32Array.from({ length: count }, () => random.normal());
  }
}

/** Copies of boxes moved by noise of `scale` times their sides [times, n, 4]. */
function jittered(boxes: Float32Array, noise: Float32Array, scale: number): Float32Array {
  return noise.map((v, i) => {
    const k = i % boxes.length;
    const [low, high] = [k - (k % 4) + (k % 2), k - (k % 4) + (k % 2) + 2];
    return boxes[k] + v * Math.max(boxes[high] - boxes[low], 1) * scale;
  });
}

/** The mean over the four coordinates of boxes [times, n, 4] of their standard deviation, relative to the sides of the mean box [n]. */
function spread(boxes: Float32Array, n: number): Float32Array {
  const times = boxes.length / Math.max(4 * n, 1);
  return Float32Array.from({ length: n }, (_, box) => {
    const column = (k: number) => Array.from({ length: times }, (_, t) => boxes[4 * (t * n + box) + k]);
    const means = [0, 1, 2, 3].map((k) => column(k).reduce((a, b) => a + b, 0) / times);
    const relative = means.map((mean, k) => {
      const variance = column(k).reduce((sum, v) => sum + (v - mean) ** 2, 0) / (times - 1);
      return Math.sqrt(variance) / Math.max(means[(k % 2) + 2] - means[k % 2], 1);
    });
    return relative.reduce((a, b) => a + b, 0) / 4;
  });
}

/** From a mean over the RoIs to one over their weights. */
function weightsApart({ targets: { labels, labelWeights } }: StageResult): number {
  if (!labelWeights) return 1;
  const counted = labelWeights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
  const sum = labelWeights.reduce((a, b) => a + b, 0);
  return (labels.length / Math.max(counted, 1)) * (labels.length / Math.max(sum, 1));
}

const trainingOf = (features: tf.Tensor4D[], batch: DetBatch, context: LossContext): StageTraining => ({
  features,
  batch,
  instances: batch.samples.map(({ truths, meta }) => toInstances(truths, meta.imgPath)),
  context,
});

const isStudent = (detector: Detector): detector is Student =>
  detector instanceof TwoStageDetector &&
  detector.firstStage !== undefined &&
  detector.roiHead instanceof StandardRoIHead &&
  !detector.roiHead.maskHead;

export const softTeacherDefinition = defineModule({
  kind: 'detector',
  type: 'SoftTeacher',
  summary:
    'Soft Teacher: a two-stage detector that also learns from images without labels, weighing what its average finds',
  paper: 'Xu et al., End-to-End Semi-Supervised Object Detection with Soft Teacher, ICCV 2021',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: `{
  type: 'SoftTeacher',
  detector: ${SEMI_EXAMPLE_DETECTOR},
  semi_train_cfg: {
    unsup_weight: 4,
    pseudo_label_initial_score_thr: 0.5,
    rpn_pseudo_thr: 0.9,
    cls_pseudo_thr: 0.9,
    reg_pseudo_thr: 0.02,
    jitter_times: 10,
    jitter_scale: 0.06,
  },
}`,
  options,
  build: (given, context) => new SoftTeacher(given, context),
});
