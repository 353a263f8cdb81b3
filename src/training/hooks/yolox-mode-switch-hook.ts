// YOLOXModeSwitchHook (MMDetection): the last epochs are closing ones, in which transforms of several images are left out and
// YOLOXHead adds its L1 loss.

import { z } from 'zod';
import { defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { TrainRun } from '../train-run';
import { epochCount } from './epoch-count';
import type { PipelineChange, TrainHook } from './hook';
import { PRIORITIES, priority } from './priority';

export class YOLOXModeSwitchHook implements TrainHook {
  readonly name = 'YOLOXModeSwitchHook';
  readonly unit = 'epoch';
  priority: number = PRIORITIES.NORMAL;

  constructor(
    private readonly lastEpochs: number,
    private readonly skipped: string[],
  ) {}

  /** First epoch of the second mode, from 0: as in MMDetection, the one before the last epochs is among them. */
  protected from(maxEpochs: number): number {
    return Math.max(maxEpochs - this.lastEpochs - 1, 0);
  }

  pipelineChange(maxEpochs: number): PipelineChange {
    return { kind: 'skip', from: this.from(maxEpochs), types: this.skipped };
  }

  beforeTrainEpoch(run: TrainRun): void {
    const { epoch } = run.state;
    const before = run.closing;
    run.closing = epoch >= this.from(run.loop.total);
    if (run.closing && !before && this.skipped.length > 0)
      run.log(`epoch ${epoch + 1}: ${this.skipped.join(', ')} left out`);
  }
}

export const yoloxModeSwitchHookDefinition = defineModule({
  kind: 'hook',
  type: 'YOLOXModeSwitchHook',
  summary: 'In the last epochs, leaves out transforms of several images and adds the L1 loss of YOLOXHead',
  paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021',
  shapes: 'an epoch -> the transforms of its images, and whether loss_l1 is added',
  example: "{ type: 'YOLOXModeSwitchHook', num_last_epochs: 15 }",
  options: z.strictObject({
    num_last_epochs: epochCount().default(15).describe('How many epochs; the one before them is among them'),
    skip_type_keys: z
      .array(z.string())
      .default(['Mosaic', 'RandomAffine', 'MixUp'])
      .describe('Types of transforms to leave out'),
    priority,
  }),
  build: (o) => new YOLOXModeSwitchHook(o.num_last_epochs, o.skip_type_keys),
});

/** MMYOLO's hook of the same name: the closing epochs have transforms of their own. */
export class MMYOLOYOLOXModeSwitchHook extends YOLOXModeSwitchHook {
  constructor(
    lastEpochs: number,
    private readonly pipeline: ModuleConfig[],
  ) {
    super(lastEpochs, []);
  }

  override pipelineChange(maxEpochs: number): PipelineChange {
    return { kind: 'replace', from: this.from(maxEpochs), pipeline: this.pipeline };
  }
}

export const mmyoloYOLOXModeSwitchHookDefinition = defineModule({
  kind: 'hook',
  type: 'mmyolo.YOLOXModeSwitchHook',
  summary: 'In the last epochs, trains with other transforms and adds the L1 loss of YOLOXHead',
  paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021 (MMYOLO)',
  shapes: 'an epoch -> the transforms of its images, and whether loss_bbox_aux is added',
  example:
    "{ type: 'mmyolo.YOLOXModeSwitchHook', num_last_epochs: 15, new_train_pipeline: [{ type: 'PackDetInputs' }] }",
  options: z.strictObject({
    num_last_epochs: epochCount().default(15).describe('How many epochs; the one before them is among them'),
    new_train_pipeline: z.array(moduleOption('transform')).min(1).describe('Transforms of these epochs, first to last'),
    priority,
  }),
  build: (o) => new MMYOLOYOLOXModeSwitchHook(o.num_last_epochs, o.new_train_pipeline),
});
