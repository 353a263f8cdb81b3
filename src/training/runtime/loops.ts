// The loops of a config: train_cfg, val_cfg, test_cfg.

import { z } from 'zod';
import { type AnyDefinition, defineModule } from '../../catalogue/registry';

const ORIGIN = 'mmengine';
const fp16 = z.boolean().default(false).describe('Accepted: the precision is that of training, or --amp');

export const EpochBasedTrainLoop = defineModule({
  kind: 'loop',
  type: 'EpochBasedTrainLoop',
  summary: 'Trains for so many passes over the data, evaluating in between',
  origin: ORIGIN,
  shapes: 'a loader of batches -> a trained model',
  example: "{ type: 'EpochBasedTrainLoop', max_epochs: 12, val_interval: 1 }",
  options: z.strictObject({
    max_epochs: z.int().positive().describe('Passes over the data'),
    val_begin: z.int().default(1).describe('First epoch that may be followed by an evaluation'),
    val_interval: z.int().positive().default(1).describe('Epochs between two evaluations'),
    dynamic_intervals: z
      .array(z.tuple([z.int(), z.int()]))
      .nullish()
      .describe('[epoch, val_interval from there on], several'),
  }),
  build: (options) => options,
});

export const ValLoop = defineModule({
  kind: 'loop',
  type: 'ValLoop',
  summary: 'Evaluates on val_dataloader by val_evaluator',
  origin: ORIGIN,
  shapes: 'a loader of images -> the metrics of their detections',
  example: "{ type: 'ValLoop' }",
  options: z.strictObject({ fp16 }),
  build: (options) => options,
});

export const TestLoop = defineModule({
  kind: 'loop',
  type: 'TestLoop',
  summary: 'Evaluates on test_dataloader by test_evaluator',
  origin: ORIGIN,
  shapes: 'a loader of images -> the metrics of their detections',
  example: "{ type: 'TestLoop' }",
  options: z.strictObject({ fp16 }),
  build: (options) => options,
});

export const loops = [EpochBasedTrainLoop, ValLoop, TestLoop] as const satisfies readonly AnyDefinition[];
