// PPYOLOEParamSchedulerHook (MMYOLO): every iteration has its rate, first a line from start_factor up, then a cosine down to
// min_lr_ratio, over total_epochs, which PP-YOLOE sets to 1.2 times the epochs of the run.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { LearningRates, RatedGroup, ScheduleState } from '../learning-rates';
import { epochCount } from './epoch-count';
import { OwnRatesHook, warmUpIterations } from './own-rates-hook';
import { priority } from './priority';

const options = z.strictObject({
  warmup_min_iter: z.int().nonnegative().default(1000).describe('Minimum of iterations in the warm-up'),
  start_factor: z.number().nonnegative().default(0).describe('Factor of the rate at the start'),
  warmup_epochs: z.number().nonnegative().default(5).describe('Epochs of the warm-up'),
  min_lr_ratio: z.number().nonnegative().default(0).describe('Factor of the rate at the end of total_epochs'),
  total_epochs: epochCount(1).default(360).describe('Epochs of the decay, in PP-YOLOE 1.2 times those of the run'),
  priority,
});
type Options = z.output<typeof options>;

export class PPYOLOERates implements LearningRates {
  private iteration = 0;
  private readonly warmup: number;
  private readonly total: number;
  readonly plan: string;

  constructor(
    private readonly groups: readonly RatedGroup[],
    epochLength: number,
    private readonly o: Options,
  ) {
    this.plan = JSON.stringify({ o, rates: groups.map(({ initialLr }) => initialLr), epochLength });
    this.warmup = warmUpIterations(o.warmup_epochs, epochLength, o.warmup_min_iter);
    this.total = o.total_epochs * epochLength;
    this.move();
  }

  private move(): void {
    const { start_factor: start, min_lr_ratio: end } = this.o;
    const { iteration, warmup, total } = this;
    if (iteration <= warmup) {
      const done = warmup === 0 ? 1 : iteration / warmup;
      for (const group of this.groups) group.lr = group.initialLr * (start * (1 - done) + done);
      return;
    }
    const share = 0.5 * (Math.cos(((iteration - warmup) * Math.PI) / (total - warmup)) + 1);
    for (const group of this.groups) group.lr = group.initialLr * (end + (1 - end) * share);
  }

  afterIteration(): void {
    this.iteration++;
    this.move();
  }

  afterEpoch(): void {}

  state(): ScheduleState {
    return { steps: [{ last: this.iteration, global: 0 }], lr: this.groups.map((group) => group.lr), plan: this.plan };
  }

  restore({ steps: [{ last }], lr }: ScheduleState): void {
    this.iteration = last;
    for (const [i, group] of this.groups.entries()) group.lr = lr[i];
  }
}

export class PPYOLOEParamSchedulerHook extends OwnRatesHook<'warmup_min_iter', Options> {
  override readonly name = 'PPYOLOEParamSchedulerHook';

  constructor(options: Options) {
    super(options, 'warmup_min_iter');
  }

  override rates(groups: readonly RatedGroup[], epochLength: number): LearningRates {
    return new PPYOLOERates(groups, epochLength, this.options);
  }

  protected withOptions(options: Options): PPYOLOEParamSchedulerHook {
    return new PPYOLOEParamSchedulerHook(options);
  }
}

export const ppyoloeParamSchedulerHookDefinition = defineModule({
  kind: 'hook',
  type: 'PPYOLOEParamSchedulerHook',
  summary: 'Learning rates of PP-YOLOE: a line up, then a cosine down, iteration by iteration',
  origin: 'MMYOLO',
  shapes: 'an iteration -> learning rates of the groups',
  example: "{ type: 'PPYOLOEParamSchedulerHook', warmup_epochs: 5, total_epochs: 96 }",
  options,
  build: (o) => new PPYOLOEParamSchedulerHook(o),
});
