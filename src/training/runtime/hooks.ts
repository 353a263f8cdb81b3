// mmengine's and MMDetection's hooks of which the training loop does the work. `default_hooks` sets their options; the
// loop reads those that change something, and the others are told here for what they are.

import { z } from 'zod';
import { type AnyDefinition, defineModule } from '../../catalogue/registry';
import { priority } from '../hooks/hook';

const unused = (what: string) => z.unknown().optional().describe(`Accepted, without effect: ${what}`);
const ORIGIN = 'mmengine';
const MMDET = 'MMDetection';

export const IterTimerHook = defineModule({
  kind: 'hook',
  type: 'IterTimerHook',
  summary: 'Times of iterations and of waiting for data, and the time left: the log has them with and without it',
  origin: ORIGIN,
  shapes: 'an iteration -> its times in the log',
  example: "{ type: 'IterTimerHook' }",
  options: z.strictObject({ priority }),
  build: (options) => options,
});

export const LoggerHook = defineModule({
  kind: 'hook',
  type: 'LoggerHook',
  summary: 'Writes losses and learning rate to the log every so many iterations',
  origin: ORIGIN,
  shapes: 'losses of an iteration -> a line of the log',
  example: "{ type: 'LoggerHook', interval: 50 }",
  options: z.strictObject({
    interval: z.int().positive().default(10).describe('Iterations between two lines'),
    ignore_last: unused('the last iterations of an epoch are always logged'),
    interval_exp_name: unused('the name of the run is in its folder'),
    out_dir: unused('see work_dir'),
    out_suffix: unused('see work_dir'),
    keep_local: unused('see work_dir'),
    file_client_args: unused('files are on disk'),
    log_metric_by_epoch: unused('evaluations are counted in epochs'),
    backend_args: unused('files are on disk'),
    priority,
  }),
  build: (options) => options,
});

export const ParamSchedulerHook = defineModule({
  kind: 'hook',
  type: 'ParamSchedulerHook',
  summary: 'Moves the learning rate by param_scheduler: the loop does, with and without it',
  origin: ORIGIN,
  shapes: 'an iteration or epoch -> the next learning rate',
  example: "{ type: 'ParamSchedulerHook' }",
  options: z.strictObject({ priority }),
  build: (options) => options,
});

export const CheckpointHook = defineModule({
  kind: 'hook',
  type: 'CheckpointHook',
  summary: 'Saves the whole state of the run every so many epochs, and the best model if asked',
  origin: ORIGIN,
  shapes: 'the state of the run -> a folder with weights, optimizer and schedule',
  example: "{ type: 'CheckpointHook', interval: 1, max_keep_ckpts: 3, save_best: 'auto' }",
  options: z.strictObject({
    interval: z.int().positive().default(1).describe('Epochs between two checkpoints'),
    by_epoch: z
      .literal(true)
      .default(true)
      .describe('Only true; in iterations: fit({ checkpoint: { everyIterations } })'),
    max_keep_ckpts: z.int().optional().describe('How many of the newest stay; -1: all. 1 when left out'),
    save_best: z
      .union([z.string(), z.array(z.string())])
      .nullish()
      .describe("Metric whose best model is kept too: 'coco/bbox_mAP'; 'auto': that one"),
    save_optimizer: unused('a checkpoint always has it'),
    save_param_scheduler: unused('a checkpoint always has it'),
    save_last: unused('the last one is always saved'),
    save_begin: unused('saving starts at once'),
    rule: unused('it follows from the metric'),
    greater_keys: unused('it follows from the metric'),
    less_keys: unused('it follows from the metric'),
    out_dir: unused('see work_dir'),
    filename_tmpl: unused('names are those of DetLab'),
    published_keys: unused('nothing is published'),
    file_client_args: unused('files are on disk'),
    backend_args: unused('files are on disk'),
    priority,
  }),
  build: (options) => options,
});

export const DistSamplerSeedHook = defineModule({
  kind: 'hook',
  type: 'DistSamplerSeedHook',
  summary: 'Another order of the images every epoch: the loader has it, with and without this hook',
  origin: ORIGIN,
  shapes: 'an epoch -> the seed of its order',
  example: "{ type: 'DistSamplerSeedHook' }",
  options: z.strictObject({ priority }),
  build: (options) => options,
});

export const DetVisualizationHook = defineModule({
  kind: 'hook',
  type: 'DetVisualizationHook',
  summary: 'Pictures of detections during evaluation; only switched off, for a notebook shows them by model.predict',
  origin: MMDET,
  shapes: 'detections of an image -> nothing, while draw is false',
  example: "{ type: 'DetVisualizationHook' }",
  options: z.strictObject({
    draw: z.literal(false).default(false).describe('Only false; model.predict(image) draws'),
    interval: unused('nothing is drawn'),
    score_thr: unused('nothing is drawn'),
    show: z.literal(false).default(false).describe('Only false'),
    wait_time: unused('nothing is drawn'),
    test_out_dir: z.null().optional().describe('Only null; detlab predict --out writes pictures'),
    backend_args: unused('nothing is drawn'),
    priority,
  }),
  build: (options) => options,
});

export const NumClassCheckHook = defineModule({
  kind: 'hook',
  type: 'NumClassCheckHook',
  summary: 'Compares num_classes of the heads with the classes of the data: done before every run anyway',
  origin: MMDET,
  shapes: 'heads and data set -> an error that names both sides when they differ',
  example: "{ type: 'NumClassCheckHook' }",
  options: z.strictObject({ priority }),
  build: (options) => options,
});

export const CheckInvalidLossHook = defineModule({
  kind: 'hook',
  type: 'CheckInvalidLossHook',
  summary: 'Stops a run whose loss is not finite: the loop does, at every iteration',
  origin: MMDET,
  shapes: 'losses of an iteration -> an error when one is not finite',
  example: "{ type: 'CheckInvalidLossHook', interval: 50 }",
  options: z.strictObject({ interval: unused('every iteration is looked at'), priority }),
  build: (options) => options,
});

export const SyncNormHook = defineModule({
  kind: 'hook',
  type: 'SyncNormHook',
  summary: 'Brings the batch norms of several processes in step before an evaluation: there is one process',
  origin: MMDET,
  shapes: 'statistics of the batch norms -> the same',
  example: "{ type: 'SyncNormHook' }",
  options: z.strictObject({ priority }),
  build: (options) => options,
});

export const hooks = [
  IterTimerHook,
  LoggerHook,
  ParamSchedulerHook,
  CheckpointHook,
  DistSamplerSeedHook,
  DetVisualizationHook,
  NumClassCheckHook,
  CheckInvalidLossHook,
  SyncNormHook,
] as const satisfies readonly AnyDefinition[];
