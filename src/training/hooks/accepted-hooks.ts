// Hooks of mmengine and MMDetection whose work is done with and without them, so that configs pass as they are.

import { z } from 'zod';
import { type AnyDefinition, defineModule } from '../../catalogue/registry';
import { accepted } from './accepted';
import type { TrainHook } from './hook';
import { PRIORITIES, priority } from './priority';

const idleHook = (name: string): TrainHook => ({ name, priority: PRIORITIES.NORMAL });

export const distSamplerSeedHookDefinition = defineModule({
  kind: 'hook',
  type: 'DistSamplerSeedHook',
  summary: 'Shuffles the images anew every epoch: the loader does, with and without this hook',
  origin: 'mmengine',
  shapes: 'an epoch -> the seed of its order',
  example: "{ type: 'DistSamplerSeedHook' }",
  options: z.strictObject({ priority }),
  build: () => idleHook('DistSamplerSeedHook'),
});

export const detVisualizationHookDefinition = defineModule({
  kind: 'hook',
  type: 'DetVisualizationHook',
  summary: 'Draws detections during evaluation; only switched off, for a notebook shows them by model.predict',
  origin: 'MMDetection',
  shapes: 'detections of an image -> nothing, while draw is false',
  example: "{ type: 'DetVisualizationHook' }",
  options: z.strictObject({
    draw: z.literal(false).default(false).describe('Only false; model.predict(image) draws'),
    interval: accepted('nothing is drawn'),
    score_thr: accepted('nothing is drawn'),
    show: z.literal(false).default(false).describe('Only false'),
    wait_time: accepted('nothing is drawn'),
    test_out_dir: z.null().optional().describe('Only null; detlab predict --out writes drawn images'),
    backend_args: accepted('nothing is drawn'),
    priority,
  }),
  build: () => idleHook('DetVisualizationHook'),
});

export const numClassCheckHookDefinition = defineModule({
  kind: 'hook',
  type: 'NumClassCheckHook',
  summary: 'Compares num_classes of the heads with the classes of the data: done before every run',
  origin: 'MMDetection',
  shapes: 'heads and data set -> an error that names both sides when they differ',
  example: "{ type: 'NumClassCheckHook' }",
  options: z.strictObject({ priority }),
  build: () => idleHook('NumClassCheckHook'),
});

export const checkInvalidLossHookDefinition = defineModule({
  kind: 'hook',
  type: 'CheckInvalidLossHook',
  summary: 'Stops a run whose loss is not finite: done at every iteration',
  origin: 'MMDetection',
  shapes: 'losses of an iteration -> an error when one is not finite',
  example: "{ type: 'CheckInvalidLossHook', interval: 50 }",
  options: z.strictObject({ interval: accepted('every iteration is checked'), priority }),
  build: () => idleHook('CheckInvalidLossHook'),
});

export const syncNormHookDefinition = defineModule({
  kind: 'hook',
  type: 'SyncNormHook',
  summary: 'Synchronises batch norms of several processes before an evaluation: there is one process',
  origin: 'MMDetection',
  shapes: 'statistics of the batch norms -> the same',
  example: "{ type: 'SyncNormHook' }",
  options: z.strictObject({ priority }),
  build: () => idleHook('SyncNormHook'),
});

export const acceptedHooks = [
  distSamplerSeedHookDefinition,
  detVisualizationHookDefinition,
  numClassCheckHookDefinition,
  checkInvalidLossHookDefinition,
  syncNormHookDefinition,
] as const satisfies readonly AnyDefinition[];
