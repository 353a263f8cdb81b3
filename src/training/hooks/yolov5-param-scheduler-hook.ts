// YOLOv5ParamSchedulerHook (MMYOLO): a line or a cosine by epochs, with a warm-up by iterations in which biases start from a
// high rate and momentum grows. As there, an epoch has the rate that the rule gives for the one before it.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { LearningRates, RatedGroup, ScheduleState } from '../learning-rates';
import { epochCount } from './epoch-count';
import { OwnRatesHook, warmUpIterations } from './own-rates-hook';
import { priority } from './priority';

const options = z.strictObject({
  scheduler_type: z.enum(['linear', 'cosine']).default('linear').describe('Decay of the rate over epochs'),
  lr_factor: z.number().nonnegative().default(0.01).describe('Factor of the rate at the end'),
  max_epochs: epochCount(1).default(300).describe('Epochs of the decay'),
  warmup_epochs: z.number().nonnegative().default(3).describe('Epochs of the warm-up'),
  warmup_bias_lr: z.number().nonnegative().default(0.1).describe('Rate of biases at the start'),
  warmup_momentum: z.number().nonnegative().default(0.8).describe('Momentum at the start'),
  warmup_mim_iter: z.int().nonnegative().default(1000).describe('Minimum of iterations in the warm-up'),
  priority,
});
type Options = z.output<typeof options>;

export class YOLOv5Rates implements LearningRates {
  private iteration = 0;
  private epoch = 0;
  private readonly warmup: number;
  readonly plan: string;

  constructor(
    private readonly groups: readonly RatedGroup[],
    epochLength: number,
    private readonly momentum: number | undefined,
    private readonly o: Options,
  ) {
    this.plan = JSON.stringify({ o, rates: groups.map(({ initialLr }) => initialLr), epochLength, momentum });
    this.warmup = warmUpIterations(o.warmup_epochs, epochLength, o.warmup_mim_iter);
    this.warm();
  }

  private share(epoch: number): number {
    const { lr_factor: end, max_epochs } = this.o;
    if (this.o.scheduler_type === 'linear') return (1 - epoch / max_epochs) * (1 - end) + end;
    return ((1 - Math.cos((epoch * Math.PI) / max_epochs)) / 2) * (end - 1) + 1;
  }

  private warm(): void {
    if (this.iteration > this.warmup) return;
    const done = this.warmup === 0 ? 1 : this.iteration / this.warmup;
    const between = (from: number, to: number) => from + (to - from) * done;
    for (const group of this.groups) {
      const from = group.role === 'bias' ? this.o.warmup_bias_lr : 0;
      group.lr = between(from, group.initialLr * this.share(this.epoch));
      if (this.momentum !== undefined) group.momentum = between(this.o.warmup_momentum, this.momentum);
    }
  }

  afterIteration(): void {
    this.iteration++;
    this.warm();
  }

  afterEpoch(): void {
    // the last iteration of the epoch was past the warm-up
    if (this.iteration - 1 > this.warmup)
      for (const group of this.groups) group.lr = group.initialLr * this.share(this.epoch);
    this.epoch++;
    this.warm();
  }

  state(): ScheduleState {
    return { steps: [{ last: this.iteration, global: this.epoch }], lr: this.groups.map((g) => g.lr), plan: this.plan };
  }

  restore({ steps: [{ last, global }], lr }: ScheduleState): void {
    [this.iteration, this.epoch] = [last, global];
    if (this.momentum !== undefined) for (const group of this.groups) group.momentum = this.momentum;
    this.warm();
    for (const [i, group] of this.groups.entries()) group.lr = lr[i];
  }
}

export class YOLOv5ParamSchedulerHook extends OwnRatesHook<'warmup_mim_iter', Options> {
  override readonly name = 'YOLOv5ParamSchedulerHook';

  constructor(options: Options) {
    super(options, 'warmup_mim_iter');
  }

  override rates(groups: readonly RatedGroup[], epochLength: number, momentum?: number): LearningRates {
    return new YOLOv5Rates(groups, epochLength, momentum, this.options);
  }

  protected withOptions(options: Options): YOLOv5ParamSchedulerHook {
    return new YOLOv5ParamSchedulerHook(options);
  }
}

export const yolov5ParamSchedulerHookDefinition = defineModule({
  kind: 'hook',
  type: 'YOLOv5ParamSchedulerHook',
  summary: 'Learning rates and momentum of YOLOv5 and YOLOv8: warm-up, then linear or cosine decay',
  origin: 'MMYOLO',
  shapes: 'an iteration and its epoch -> learning rates and momentum of the groups',
  example: "{ type: 'YOLOv5ParamSchedulerHook', scheduler_type: 'linear', lr_factor: 0.01, max_epochs: 500 }",
  options,
  build: (o) => new YOLOv5ParamSchedulerHook(o),
});
