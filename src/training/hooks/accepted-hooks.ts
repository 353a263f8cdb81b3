// Hooks of mmengine and MMDetection whose work is done with and without them, so that configs pass as they are.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type AnyDefinition, defineModule } from '../../catalogue/registry';
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

export const numClassCheckHookDefinition = defineModule({
  kind: 'hook',
  type: 'NumClassCheckHook',
  summary: 'Compares num_classes of the heads with the classes of the data: done before every run',
  origin: 'MMDetection',
  shapes: 'heads and dataset -> an error that names both sides when they differ',
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
  options: z.strictObject({
    interval: ignoredOption('every iteration is checked', { harmless: [50] }),
    priority,
  }),
  build: () => idleHook('CheckInvalidLossHook'),
});

export const syncNormHookDefinition = defineModule({
  kind: 'hook',
  type: 'SyncNormHook',
  summary: 'Averages the statistics of batch norms over the processes of a run before an evaluation',
  origin: 'MMDetection',
  shapes: 'statistics of the batch norms -> the same',
  example: "{ type: 'SyncNormHook' }",
  options: z.strictObject({ priority }),
  build: (): TrainHook => ({
    ...idleHook('SyncNormHook'),
    beforeVal: async ({ detector, ranks }) => ranks?.averageBuffers(detector),
  }),
});

export const runtimeInfoHookDefinition = defineModule({
  kind: 'hook',
  type: 'RuntimeInfoHook',
  summary: "Records epoch, iteration, losses and learning rate for the log: the run's history has them",
  origin: 'mmengine',
  shapes: 'an iteration -> its numbers in the history',
  example: "{ type: 'RuntimeInfoHook' }",
  options: z.strictObject({ priority }),
  build: () => idleHook('RuntimeInfoHook'),
});

export const syncBuffersHookDefinition = defineModule({
  kind: 'hook',
  type: 'SyncBuffersHook',
  summary: 'Averages the buffers (running statistics) over the processes of a run after each epoch',
  origin: 'mmengine',
  shapes: 'buffers of the model -> the same',
  example: "{ type: 'SyncBuffersHook' }",
  options: z.strictObject({ priority }),
  build: (): TrainHook => ({
    ...idleHook('SyncBuffersHook'),
    beforeRun(run) {
      if (!run.ranks) run.log('SyncBuffersHook has no effect: the run is one process');
    },
    afterTrainEpoch: async ({ detector, ranks }) => ranks?.averageBuffers(detector),
  }),
});

const cache = ignoredOption('tensors are freed when they are no longer used', { harmless: [false] });

export const emptyCacheHookDefinition = defineModule({
  kind: 'hook',
  type: 'EmptyCacheHook',
  summary: 'Empties the cache of GPU memory: there is none',
  origin: 'mmengine',
  shapes: 'an iteration or epoch -> nothing',
  example: "{ type: 'EmptyCacheHook' }",
  options: z.strictObject({ before_epoch: cache, after_epoch: cache, after_iter: cache, priority }),
  build: () => idleHook('EmptyCacheHook'),
});

export const switchToDeployHookDefinition = defineModule({
  kind: 'hook',
  type: 'SwitchToDeployHook',
  summary:
    'Makes one convolution of each re-parameterised block before a test: in evaluation it is one without this hook',
  origin: 'MMYOLO',
  shapes: 'blocks of several branches -> one convolution each',
  example: "{ type: 'SwitchToDeployHook' }",
  options: z.strictObject({ priority }),
  build: () => idleHook('SwitchToDeployHook'),
});

export const acceptedHooks = [
  distSamplerSeedHookDefinition,
  numClassCheckHookDefinition,
  checkInvalidLossHookDefinition,
  syncNormHookDefinition,
  runtimeInfoHookDefinition,
  syncBuffersHookDefinition,
  emptyCacheHookDefinition,
  switchToDeployHookDefinition,
] as const satisfies readonly AnyDefinition[];
