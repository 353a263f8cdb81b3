// EMAHook (mmengine): a running average of the weights is evaluated, saved and left in the model at the end. Two of its rules
// follow the weights closely at first: ExpMomentumEMA (MMDetection) with the share momentum + (1 - momentum) exp(-(1 + steps) /
// gamma), MomentumAnnealingEMA with the larger of momentum and gamma / (gamma + steps).

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { StateDict } from '../../nn/module';
import { type Checkpoint, type CheckpointContents, SOURCE_PREFIX } from '../checkpoint';
import type { TrainRun } from '../train-run';
import { type AverageOptions, WeightAverage } from '../weight-average';
import { epochCount } from './epoch-count';
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

  /** @throws DetLabError for an average that would never begin */
  beforeRun(run: TrainRun): void {
    const { beginEpoch, beginIteration, note } = this.options;
    const [name, begin, total] =
      beginEpoch > 0 ? ['begin_epoch', beginEpoch, run.loop.total] : ['begin_iter', beginIteration, run.maxIterations];
    if (begin > total)
      throw new DetLabError(
        `Cannot average the weights: ${name} of EMAHook is ${begin}, and the run ends after ${total}. Lower it, or leave EMAHook out`,
      );
    if (note !== undefined) run.log(`EMAHook: ${note}`);
    this.average = new WeightAverage(run.detector, this.options);
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

const types = [
  'ExpMomentumEMA',
  'ExponentialMovingAverage',
  'MomentumAnnealingEMA',
  'StochasticWeightAverage',
] as const;
/** Of the rules that have one. */
const GAMMAS: Partial<Record<(typeof types)[number], number>> = { ExpMomentumEMA: 2000, MomentumAnnealingEMA: 100 };
/** A newer share of the average than this is mistaken for torch's momentum, 0.9999. */
const LARGEST_USUAL = 0.5;

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
      gamma: z
        .number()
        .positive()
        .optional()
        .describe('Time constant of the warm-up, in updates: of ExpMomentumEMA 2000, of MomentumAnnealingEMA 100'),
      interval: z.int().positive().default(1).describe('Iterations between two updates'),
      update_buffers: z.boolean().default(false).describe('Average the running statistics of norm layers as well'),
      strict_load: ignoredOption('a checkpoint of another model is always refused', {
        schema: z.boolean().default(false),
        harmless: anyValue,
      }),
      begin_iter: z.int().nonnegative().default(0).describe('Iteration at which averaging begins'),
      begin_epoch: epochCount().default(0).describe('Epoch at which averaging begins'),
      priority,
    })
    .refine((o) => o.begin_iter === 0 || o.begin_epoch === 0, {
      message: 'expected begin_iter or begin_epoch, received both',
    })
    .refine((o) => o.gamma === undefined || GAMMAS[o.ema_type] !== undefined, {
      message: `only ${Object.keys(GAMMAS).join(' and ')} have a gamma`,
      path: ['gamma'],
    }),
  build: (o) => {
    const gamma = o.gamma ?? GAMMAS[o.ema_type] ?? 1;
    const rules: Record<(typeof types)[number], (steps: number) => number> = {
      ExpMomentumEMA: (steps) => (1 - o.momentum) * Math.exp(-(1 + steps) / gamma) + o.momentum,
      ExponentialMovingAverage: () => o.momentum,
      MomentumAnnealingEMA: (steps) => Math.max(o.momentum, gamma / (gamma + steps)),
      StochasticWeightAverage: (steps) => 1 / (Math.floor(steps / o.interval) + 1),
    };
    return new EMAHook({
      momentum: rules[o.ema_type],
      interval: o.interval,
      updateBuffers: o.update_buffers,
      beginIteration: o.begin_iter,
      beginEpoch: o.begin_epoch,
      ...(o.momentum > LARGEST_USUAL &&
        o.ema_type !== 'StochasticWeightAverage' && {
          note: `momentum ${o.momentum} is the share of the newest weights, usually small (0.0002): the average is nearly them`,
        }),
    });
  },
});
