// SemiBaseDetector (MMDetection 3.x): a student learns from labels, and from what its teacher finds in images without; the teacher
// follows it by MeanTeacherHook (Tarvainen and Valpola, NIPS 2017). Both are built from one config and begin with the same weights. As
// in the reference a frozen teacher gets no gradient, but its norms are in the mode of the whole model.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Detections, PackedSample } from '../../data/types';
import { DetLabError } from '../../errors';
import { initCfg, Module } from '../../nn';
import { stopGradient } from '../../ops/stop-gradient';
import type { Random } from '../../random';
import type { Backbone, DataPreprocessor, DetBatch, Detector, EpochStart, LossContext, Losses, Neck } from '../types';
import { checkTruths } from './check-truths';
import { above, acrossViews, batchOf, type PseudoInstances, pseudoInstancesOf } from './pseudo-instances';

const twin = z.enum(['teacher', 'student']).default('teacher');
const threshold = z.number().min(0).max(1);

export const semiTrainCfg = {
  freeze_teacher: z.boolean().default(true).describe('The teacher gets no gradient'),
  sup_weight: z.number().default(1).describe('Factor on the losses by labels'),
  unsup_weight: z.number().default(1).describe('Factor on the losses by what the teacher finds'),
  min_pseudo_bbox_wh: z
    .tuple([z.number(), z.number()])
    .default([1e-2, 1e-2])
    .describe("Width and height that boxes of the teacher exceed in the student's view"),
  cls_pseudo_thr: threshold.describe('Score above which what the teacher finds is learned'),
};
export const semiTestCfg = z
  .strictObject({
    predict_on: twin.describe('Which of the two predicts'),
    forward_on: twin
      .describe("Which of the two runs in mmengine's mode `tensor`: here the one that predicts")
      .optional(),
    extract_feat_on: twin.describe('Which of the two gives features: here the one that predicts').optional(),
  })
  .nullish()
  .describe('Prediction');

export const semiOptions = {
  detector: moduleOption('detector').describe('The student, and the teacher'),
  data_preprocessor: moduleOption('data_preprocessor')
    .nullish()
    .describe('MultiBranchDataPreprocessor; that of the detector for each branch when absent'),
  semi_test_cfg: semiTestCfg,
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
};
const options = z.strictObject({
  ...semiOptions,
  semi_train_cfg: z.strictObject(semiTrainCfg).describe('Training'),
});
type SemiTrainCfg = z.output<z.ZodObject<typeof semiTrainCfg>>;
export type SemiConfig = Pick<z.output<typeof options>, keyof typeof semiOptions> & { semi_train_cfg: SemiTrainCfg };

export class SemiBaseDetector<D extends Detector = Detector, C extends SemiConfig = SemiConfig>
  extends Module
  implements Detector
{
  readonly student: D;
  readonly teacher: D;
  readonly twins = ['student', 'teacher'];
  predictsBy: 'teacher' | 'student';
  protected readonly cfg: C['semi_train_cfg'];
  private readonly preprocessor: DataPreprocessor;

  /** @param narrow what the kind of detector asks of its student */
  constructor(config: C, context: BuildContext, narrow: (detector: Detector, path: string) => D = (one) => one as D) {
    super();
    const { registry, path } = context;
    const { detector, semi_train_cfg, semi_test_cfg } = config;
    this.cfg = semi_train_cfg;
    this.predictsBy = semi_test_cfg?.predict_on ?? 'teacher';
    this.preprocessor = registry.build('data_preprocessor', preprocessorOf(config), {
      path: path ? `${path}.data_preprocessor` : 'data_preprocessor',
    });
    const at = { ...context, path: path ? `${path}.detector` : 'detector' };
    const build = () => narrow(registry.build('detector', detector as ModuleConfig, at), at.path);
    this.student = this.addChild('student', build());
    this.teacher = this.addChild('teacher', build());
    if (semi_train_cfg.freeze_teacher) for (const [, parameter] of this.teacher.named()) parameter.requiresGrad = false;
  }

  get predictor(): D {
    return this[this.predictsBy];
  }

  get numClasses(): number {
    return this.student.numClasses;
  }

  get backbone(): Backbone {
    return this.predictor.backbone;
  }

  get neck(): Neck | undefined {
    return this.predictor.neck;
  }

  get rotated(): boolean {
    return this.student.rotated === true;
  }

  override initWeights(random: Random): void {
    this.student.initWeights(random.fromHere());
    this.teacher.initWeights(random);
  }

  preprocess(samples: PackedSample[], iteration = 0): DetBatch {
    if (this.training)
      checkTruths(
        samples.flatMap(({ branches }) => branches?.sup ?? []),
        this.numClasses,
        this.rotated,
      );
    return this.preprocessor.forward(samples, { training: this.training, iteration });
  }

  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[] {
    return this.predictor.extractFeatures(inputs);
  }

  forward(batch: DetBatch, backboneLevels?: tf.Tensor4D[]): unknown {
    return this.predictor.forward(batch, backboneLevels);
  }

  predict(batch: DetBatch, given?: { rescale?: boolean }): Detections[] {
    return this.predictor.predict(batch, given);
  }

  onEpoch(start: EpochStart): string[] {
    return this.student.onEpoch?.(start) ?? [];
  }

  /**
   * Losses by labels, `sup_...`, and by what the teacher finds, `unsup_...`; of a batch in evaluation the first alone.
   * @throws DetLabError for a batch of training without images without labels
   */
  loss(batch: DetBatch, context: LossContext): Losses {
    const { branches } = batch;
    if (!branches && this.training && !context.watch)
      throw new DetLabError(
        `Cannot train ${this.constructor.name}: expected images without labels in each batch beside those with, received none. Draw ` +
          "batches by GroupMultiSourceSampler, of data with both: await data.withUnlabelled('more-images/')",
      );
    const supervised = renamed('sup_', weighed(this.student.loss(batch, context), this.cfg.sup_weight));
    if (!branches) return supervised;
    const { unsup_teacher: weak, unsup_student: strong } = branches;
    const unsupervised = this.lossesOfViews(weak, strong, context);
    return { ...supervised, ...renamed('unsup_', unsupervised) };
  }

  /** The losses of the student by what the teacher finds in the other view, weighed. */
  protected lossesOfViews(weak: DetBatch, strong: DetBatch, context: LossContext): Losses {
    let found: PseudoInstances[] = [];
    constantly(weak, (inputs) => {
      found = this.teacher.predict({ ...weak, inputs }, { rescale: false }).map(pseudoInstancesOf);
    });
    const learned = this.seenByStudent(found, weak, strong).map((one) => above(one, this.cfg.cls_pseudo_thr));
    const losses = this.student.loss(batchOf(strong, learned), context);
    return weighed(losses, learned.some(({ scores }) => scores.length > 0) ? this.cfg.unsup_weight : 0);
  }

  protected seenByStudent(found: readonly PseudoInstances[], weak: DetBatch, strong: DetBatch): PseudoInstances[] {
    const { min_pseudo_bbox_wh: least } = this.cfg;
    return found.map((one, i) => acrossViews(one, weak.samples[i].meta, strong.samples[i].meta, least));
  }
}

/** What the teacher computes has no gradient. */
export function constantly({ inputs }: Pick<DetBatch, 'inputs'>, compute: (inputs: tf.Tensor4D) => void): void {
  stopGradient(inputs, (x) => {
    compute(x);
    return tf.scalar(0);
  });
}

function preprocessorOf({ data_preprocessor: given, detector }: SemiConfig): ModuleConfig {
  if (given) return given;
  const { data_preprocessor: own = { type: 'DetDataPreprocessor' } } = detector as ModuleConfig;
  return { type: 'MultiBranchDataPreprocessor', data_preprocessor: own };
}

export const renamed = (prefix: string, losses: Losses): Losses =>
  Object.fromEntries(Object.entries(losses).map(([name, value]) => [`${prefix}${name}`, value]));

/** Losses times a factor; what is only logged stays as it is. */
export const weighed = (losses: Losses, factor: number): Losses =>
  Object.fromEntries(
    Object.entries(losses).map(([name, value]): [string, Losses[string]] => {
      if (!name.includes('loss') || factor === 1) return [name, value];
      const times = (one: tf.Scalar) => tf.mul<tf.Scalar>(one, factor);
      return [name, Array.isArray(value) ? value.map(times) : times(value)];
    }),
  );

export const SEMI_EXAMPLE_DETECTOR = `{
    type: 'FasterRCNN',
    data_preprocessor: { type: 'DetDataPreprocessor', pad_size_divisor: 32 },
    backbone: { type: 'ResNet', depth: 50 },
    neck: { type: 'FPN', out_channels: 256, num_outs: 5 },
    rpn_head: { type: 'RPNHead', anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2] } },
    roi_head: {
      type: 'StandardRoIHead',
      bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
      bbox_head: { type: 'Shared2FCBBoxHead', num_classes: 80 },
    },
    test_cfg: {
      rpn: { nms_pre: 1000, max_per_img: 1000, nms: { type: 'nms', iou_threshold: 0.7 } },
      rcnn: { score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 },
    },
  }`;

export const semiBaseDetectorDefinition = defineModule({
  kind: 'detector',
  type: 'SemiBaseDetector',
  summary: 'A detector that also learns from images without labels, by what its moving average finds in them',
  paper: 'Tarvainen and Valpola, Mean teachers are better role models, NIPS 2017',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: `{
  type: 'SemiBaseDetector',
  detector: ${SEMI_EXAMPLE_DETECTOR},
  semi_train_cfg: { cls_pseudo_thr: 0.9 },
}`,
  options,
  build: (given, context) => new SemiBaseDetector(given, context),
});
