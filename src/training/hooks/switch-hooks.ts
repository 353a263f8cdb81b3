// Hooks that change the transforms late in training: PipelineSwitchHook (MMDetection), and YOLOXModeSwitchHook, which leaves
// some out and turns the L1 loss of YOLOXHead on.

import { z } from 'zod';
import { defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { type HookPlan, priority } from './hook';

export const PipelineSwitchHook = defineModule({
  kind: 'hook',
  type: 'PipelineSwitchHook',
  summary: 'Trains with other transforms from some epoch on',
  origin: 'MMDetection',
  shapes: 'an epoch -> the transforms of its images',
  example: "{ type: 'PipelineSwitchHook', switch_epoch: 280, switch_pipeline: [{ type: 'PackDetInputs' }] }",
  options: z.strictObject({
    switch_epoch: z.int().nonnegative().describe('Epochs done before the change'),
    switch_pipeline: z.array(moduleOption('transform')).min(1).describe('Transforms, first to last'),
    priority,
  }),
  build: (o): HookPlan => ({
    does: 'pipeline',
    from: o.switch_epoch,
    pipeline: o.switch_pipeline as ModuleConfig[],
  }),
});

export const YOLOXModeSwitchHook = defineModule({
  kind: 'hook',
  type: 'YOLOXModeSwitchHook',
  summary: 'In the last epochs, leaves out transforms of several images and learns the L1 loss of YOLOXHead',
  paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021',
  shapes: 'an epoch -> the transforms of its images, and whether loss_l1 is learnt',
  example: "{ type: 'YOLOXModeSwitchHook', num_last_epochs: 15 }",
  options: z.strictObject({
    num_last_epochs: z.int().nonnegative().default(15).describe('How many epochs; the one before them is among them'),
    skip_type_keys: z
      .array(z.string())
      .default(['Mosaic', 'RandomAffine', 'MixUp'])
      .describe('Types of transforms to leave out'),
    priority,
  }),
  build: (o): HookPlan => ({ does: 'mode', lastEpochs: o.num_last_epochs, skip: o.skip_type_keys }),
});
