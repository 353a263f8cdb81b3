// Single-stage detectors that learn from a teacher, a detector that stays as it is: KnowledgeDistillationSingleStageDetector from its
// box distributions (LD), LAD from its assignment. The teacher has weights of its own, which are not among the student's.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { stopGradient } from '../../ops/stop-gradient';
import type { Random } from '../../random';
import { flattenLevels } from '../dense-heads/flatten-levels';
import { GFLHead } from '../dense-heads/gfl-head';
import { LADHead } from '../dense-heads/lad-head';
import { LDHead } from '../dense-heads/ld-head';
import type { KeptTargets } from '../dense-heads/paa-head';
import { neckOption } from '../necks/neck-sequence';
import type { DetBatch, LossContext, Losses } from '../types';
import { SingleStageDetector, type SingleStageDetectorConfig, singleStageOptions } from './single-stage-detector';

const { use_syncbn: _, ...studentOptions } = singleStageOptions;
const teacherOptions = {
  teacher_ckpt: z
    .string()
    .nullish()
    .describe("Weights of the teacher: a file, an address or one of MMDetection's; random ones when absent"),
  eval_teacher: z.boolean().default(true).describe('The teacher predicts as in evaluation, with fixed norms'),
};

abstract class DistilledDetector extends SingleStageDetector {
  constructor(
    config: SingleStageDetectorConfig,
    context: BuildContext,
    readonly teacher: SingleStageDetector,
    private readonly evalTeacher: boolean,
  ) {
    super(config, context);
  }

  override initWeights(random: Random): void {
    super.initWeights(random);
    this.teacher.initWeights(random);
  }

  override train(mode = true): this {
    this.teacher?.train(mode && !this.evalTeacher);
    return super.train(mode);
  }

  override dispose(): void {
    super.dispose();
    this.teacher.dispose();
  }
}

const kdOptions = z.strictObject({
  ...studentOptions,
  teacher_config: z
    .union([z.string(), z.looseObject({ model: moduleOption('detector').describe('The teacher') })])
    .describe('Config of the teacher: its name, file or content'),
  ...teacherOptions,
});
type KDConfig = z.output<typeof kdOptions>;

export class KnowledgeDistillationSingleStageDetector extends DistilledDetector {
  private readonly student: LDHead;

  constructor(config: KDConfig, context: BuildContext) {
    const { teacher_config, eval_teacher, ...given } = config;
    if (typeof teacher_config === 'string')
      throw new DetLabError(
        `Cannot build the teacher: teacher_config "${teacher_config}" is a file. Build the model by its recipe, which reads it`,
      );
    const { registry, path } = context;
    const model: ModuleConfig = { ...teacher_config.model };
    const teacher = registry.build('detector', model, { path: `${path}.teacher_config.model` });
    if (!(teacher instanceof SingleStageDetector && teacher.bboxHead instanceof GFLHead))
      throw new DetLabError(
        `Cannot build the teacher: expected a single-stage detector with a GFLHead, whose box distributions a student learns, ` +
          `received ${model.type}`,
      );
    super(given, context, teacher, eval_teacher);
    if (!(this.bboxHead instanceof LDHead))
      throw new DetLabError(
        `Cannot build the detector: ${path}.bbox_head must learn from a teacher, received "${config.bbox_head.type}". Use LDHead`,
      );
    this.student = this.bboxHead;
  }

  override loss(batch: DetBatch, context: LossContext): Losses {
    const features = this.extractFeatures(batch.inputs);
    const head = this.teacher.bboxHead as GFLHead;
    const soft = stopGradient<tf.Tensor4D, tf.Tensor3D>(batch.inputs, (inputs) =>
      flattenLevels(head.forward(this.teacher.extractFeatures(inputs)).deltas, head.boxColumns),
    );
    return this.student.distill(features, soft, batch, context);
  }
}

const ladOptions = z.strictObject({
  ...studentOptions,
  teacher_backbone: moduleOption('backbone').describe('Backbone of the teacher'),
  teacher_neck: neckOption.nullish().describe('Neck of the teacher'),
  teacher_bbox_head: moduleOption('dense_head').describe('Head of the teacher: LADHead'),
  ...teacherOptions,
});
type LADConfig = z.output<typeof ladOptions>;

export class LAD extends DistilledDetector {
  private readonly heads: Record<'teacher' | 'student', LADHead>;

  constructor(config: LADConfig, context: BuildContext) {
    const { teacher_backbone, teacher_neck, teacher_bbox_head, eval_teacher, ...given } = config;
    const { data_preprocessor, train_cfg, test_cfg } = given;
    const parts = { backbone: teacher_backbone, neck: teacher_neck, bbox_head: teacher_bbox_head };
    const shared = { data_preprocessor, train_cfg, test_cfg, ...parts };
    const teacher = new SingleStageDetector(shared, context, 'teacher_');
    super(given, context, teacher, eval_teacher);
    const [head, student] = [teacher.bboxHead, this.bboxHead];
    if (!(head instanceof LADHead && student instanceof LADHead))
      throw new DetLabError(
        `Cannot build LAD: expected two LADHeads, received "${teacher_bbox_head.type}" as teacher_bbox_head and ` +
          `"${config.bbox_head.type}" as bbox_head`,
      );
    this.heads = { teacher: head, student };
  }

  override loss(batch: DetBatch, context: LossContext): Losses {
    let targets: KeptTargets | undefined;
    stopGradient(batch.inputs, (inputs) => {
      targets = this.heads.teacher.assign(this.teacher.extractFeatures(inputs), batch, context);
      return inputs.clone();
    });
    return this.heads.student.distill(this.extractFeatures(batch.inputs), targets!);
  }
}

const anchors =
  "anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }";
const lad = `{ type: 'LADHead', num_classes: 80, ${anchors}, loss_cls: { type: 'FocalLoss' }, loss_bbox: { type: 'GIoULoss' } }`;
const backbone = (depth: number) => `{ type: 'ResNet', depth: ${depth} }`;
const pyramid = "{ type: 'FPN', out_channels: 256, num_outs: 5, start_level: 1, add_extra_convs: 'on_output' }";
const gfl = (type: string) =>
  `{ type: '${type}', num_classes: 80, ${anchors}, loss_cls: { type: 'QualityFocalLoss' } }`;
const shapes = 'images -> boxes [n, 4], scores [n] and labels [n] of each';
const selection =
  "test_cfg: { nms_pre: 1000, score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.6 }, max_per_img: 100 }";

export const distillationDefinitions = [
  defineModule({
    kind: 'detector',
    type: 'KnowledgeDistillationSingleStageDetector',
    summary: 'LD: a single-stage detector whose box distributions also learn from those of a teacher',
    paper: 'Zheng et al., Localization Distillation for Dense Object Detection, CVPR 2022',
    shapes,
    example: `{
  type: 'KnowledgeDistillationSingleStageDetector',
  teacher_config: { model: { type: 'GFL', backbone: ${backbone(101)}, neck: ${pyramid}, bbox_head: ${gfl('GFLHead')} } },
  backbone: ${backbone(18)},
  neck: ${pyramid},
  bbox_head: ${gfl('LDHead')},
  ${selection},
}`,
    options: kdOptions,
    forwards: { bbox_head: { train_cfg: 'train_cfg', test_cfg: 'test_cfg' } },
    build: (given, context) => new KnowledgeDistillationSingleStageDetector(given, context),
  }),
  defineModule({
    kind: 'detector',
    type: 'LAD',
    summary: 'LAD: PAA that learns from the assignment of a teacher',
    paper: 'Nguyen et al., Improving Object Detection by Label Assignment Distillation, WACV 2022',
    shapes,
    example: `{
  type: 'LAD',
  backbone: ${backbone(50)},
  neck: ${pyramid},
  bbox_head: ${lad},
  teacher_backbone: ${backbone(101)},
  teacher_neck: ${pyramid},
  teacher_bbox_head: ${lad},
  ${selection},
}`,
    options: ladOptions,
    forwards: { bbox_head: { train_cfg: 'train_cfg', test_cfg: 'test_cfg' } },
    build: (given, context) => new LAD(given, context),
  }),
] as const;
