// EMAHook (mmengine): a running average of the weights is evaluated, saved and left in the model at the end. ExpMomentumEMA
// (MMDetection) follows the weights closely at first: its share is momentum + (1 - momentum) exp(-(1 + steps) / gamma).

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { StateDict } from '../../nn/module';
import { type Checkpoint, type CheckpointContents, SOURCE_PREFIX } from '../checkpoint';
import type { TrainRun } from '../train-run';
import { type AverageOptions, WeightAverage } from '../weight-average';
import type { TrainHook } from './hook';
import { PRIORITIES, priority } from './priority';

export class EMAHook implements TrainHook {
  readonly name = 'EMAHook';
  readonly unit?: 'epoch';
  priority: number = PRIORITIES.NORMAL;
  private average?: WeightAverage;

  constructor(readonly options: AverageOptions) {
    if (options.beginEpoch > 0) this.unit = 'epoch';
  }

  beforeRun({ detector }: TrainRun): void {
    this.average = new WeightAverage(detector, this.options);
  }

  /** The checkpoint's model is the average; the weights being trained are beside the optimizer's tensors. */
  afterLoadCheckpoint(run: TrainRun, { optimizer, state }: Checkpoint): void {
    const source: StateDict = new Map();
    for (const [name, tensor] of optimizer)
      if (name.startsWith(SOURCE_PREFIX)) {
        source.set(name.slice(SOURCE_PREFIX.length), tensor);
        optimizer.delete(name);
      }
    this.average?.restore(source, state.averageSteps ?? 0);
    if (source.size === 0) run.log('the checkpoint holds no averaged weights: averaging starts from its model');
  }

  afterTrainIter({ state }: TrainRun): void {
    this.average?.update(state.step, state.epoch + 1);
  }

  beforeVal(): void {
    this.average?.swap();
  }

  afterVal(): void {
    this.average?.swap();
  }

  beforeSaveCheckpoint(_run: TrainRun, contents: CheckpointContents): void {
    if (!this.average) return;
    for (const [name, tensor] of contents.model) contents.optimizer.set(SOURCE_PREFIX + name, tensor);
    contents.model = this.average.averaged();
    contents.state.averageSteps = this.average.steps;
  }

  afterRun(): void {
    this.average?.swap();
    this.average?.dispose();
  }
}

const types = ['ExpMomentumEMA', 'ExponentialMovingAverage', 'StochasticWeightAverage'] as const;

export const emaHookDefinition = defineModule({
  kind: 'hook',
  type: 'EMAHook',
  summary: 'Evaluates and saves a running average of the weights',
  paper: 'Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging, SIAM 1992',
  shapes: 'weights of every iteration -> their running average',
  example: "{ type: 'EMAHook', ema_type: 'ExpMomentumEMA', momentum: 0.0001, update_buffers: true }",
  options: z
    .strictObject({
      ema_type: z
        .preprocess((v) => (typeof v === 'string' ? v.slice(v.lastIndexOf('.') + 1) : v), z.enum(types))
        .default('ExponentialMovingAverage')
        .describe('Averaging rule'),
      momentum: z.number().gt(0).lt(1).default(0.0002).describe('Weight of the newest weights'),
      gamma: z.number().positive().default(2000).describe('ExpMomentumEMA: time constant of the warm-up, in updates'),
      interval: z.int().positive().default(1).describe('Iterations between two updates'),
      update_buffers: z.boolean().default(false).describe('Average the running statistics of norm layers as well'),
      strict_load: z.boolean().default(false).describe('Accepted: a checkpoint of another model is always refused'),
      begin_iter: z.int().nonnegative().default(0).describe('Iteration at which averaging begins'),
      begin_epoch: z.int().nonnegative().default(0).describe('Epoch at which averaging begins'),
      priority,
    })
    .refine((o) => o.begin_iter === 0 || o.begin_epoch === 0, {
      message: 'expected begin_iter or begin_epoch, received both',
    }),
  build: (o) => {
    const rules: Record<(typeof types)[number], (steps: number) => number> = {
      ExpMomentumEMA: (steps) => (1 - o.momentum) * Math.exp(-(1 + steps) / o.gamma) + o.momentum,
      ExponentialMovingAverage: () => o.momentum,
      StochasticWeightAverage: (steps) => 1 / (Math.floor(steps / o.interval) + 1),
    };
    return new EMAHook({
      momentum: rules[o.ema_type],
      interval: o.interval,
      updateBuffers: o.update_buffers,
      beginIteration: o.begin_iter,
      beginEpoch: o.begin_epoch,
    });
  },
});
