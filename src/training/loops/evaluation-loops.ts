// ValLoop and TestLoop (mmengine): `val_cfg` and `test_cfg`, over `val_dataloader` and `test_dataloader`.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type AnyDefinition, defineModule } from '../../catalogue/registry';
import type { EvaluationLoop } from './train-loop';

const fp16 = ignoredOption('the precision is that of training, or `detlab test --amp`', {
  schema: z.boolean().default(false),
  lost: true,
});

export const valLoopDefinition = defineModule({
  kind: 'loop',
  type: 'ValLoop',
  summary: 'Evaluates on val_dataloader by val_evaluator',
  origin: 'mmengine',
  shapes: 'a loader of images -> the metrics of their detections',
  example: "{ type: 'ValLoop' }",
  options: z.strictObject({ fp16 }),
  build: (): EvaluationLoop => ({ type: 'ValLoop', unit: 'image' }),
});

export const teacherStudentValLoopDefinition = defineModule({
  kind: 'loop',
  type: 'TeacherStudentValLoop',
  summary:
    'Evaluates the teacher and then the student of a semi-supervised detector, on val_dataloader by val_evaluator',
  origin: 'MMDetection',
  shapes: 'a loader of images -> the metrics of their detections by each, `teacher/coco/bbox_mAP`',
  example: "{ type: 'TeacherStudentValLoop' }",
  options: z.strictObject({ fp16 }),
  build: (): EvaluationLoop => ({ type: 'TeacherStudentValLoop', unit: 'image' }),
});

export const testLoopDefinition = defineModule({
  kind: 'loop',
  type: 'TestLoop',
  summary: 'Evaluates on test_dataloader by test_evaluator',
  origin: 'mmengine',
  shapes: 'a loader of images -> the metrics of their detections',
  example: "{ type: 'TestLoop' }",
  options: z.strictObject({ fp16 }),
  build: (): EvaluationLoop => ({ type: 'TestLoop', unit: 'image' }),
});

export const evaluationLoops = [
  valLoopDefinition,
  teacherStudentValLoopDefinition,
  testLoopDefinition,
] as const satisfies readonly AnyDefinition[];
