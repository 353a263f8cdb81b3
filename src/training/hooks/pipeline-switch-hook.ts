// PipelineSwitchHook (MMDetection): other transforms from some epoch on.

import { z } from 'zod';
import { defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { epochCount } from './epoch-count';
import type { PipelineChange, TrainHook } from './hook';
import { PRIORITIES, priority } from './priority';

export class PipelineSwitchHook implements TrainHook {
  readonly name = 'PipelineSwitchHook';
  readonly unit = 'epoch';
  priority: number = PRIORITIES.NORMAL;

  constructor(
    private readonly from: number,
    private readonly pipeline: ModuleConfig[],
  ) {}

  pipelineChange(): PipelineChange {
    return { kind: 'replace', from: this.from, pipeline: this.pipeline };
  }
}

export const pipelineSwitchHookDefinition = defineModule({
  kind: 'hook',
  type: 'PipelineSwitchHook',
  summary: 'Trains with other transforms from some epoch on',
  origin: 'MMDetection',
  shapes: 'an epoch -> the transforms of its images',
  example: "{ type: 'PipelineSwitchHook', switch_epoch: 280, switch_pipeline: [{ type: 'PackDetInputs' }] }",
  options: z.strictObject({
    switch_epoch: epochCount().describe('Epochs done before the change'),
    switch_pipeline: z.array(moduleOption('transform')).min(1).describe('Transforms, first to last'),
    priority,
  }),
  build: (o) => new PipelineSwitchHook(o.switch_epoch, o.switch_pipeline),
});
