// EarlyStoppingHook (mmengine): ends a run whose evaluations no longer improve. As there, an evaluation counts as one without
// improvement unless its metric reaches the best before it plus `minDelta`, and `patience` of them in a row end the run.
// Unlike there, the count is kept in checkpoints, and NaN is never an improvement.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError, didYouMean } from '../../errors';
import { AUTO, firstMetric } from '../history';
import { type MetricRule, ruleOfMetric } from '../metric-rule';
import type { TrainRun } from '../train-run';
import type { TrainHook } from './hook';
import { PRIORITIES, priority } from './priority';

export interface EarlyStoppingOptions {
  /** Metric of the evaluation; 'auto': its first. */
  monitor: string;
  /** Whether larger or smaller values of it are better; of 'auto' by its name when left out. */
  rule?: MetricRule;
  /** What an evaluation must add to the best one before it, so as to count as an improvement. */
  minDelta: number;
  /** Evaluations in a row without improvement that end the run. */
  patience: number;
  /** An error when an evaluation has no such metric; else a line of the log. */
  strict: boolean;
  /** A value that is not finite ends the run. */
  checkFinite: boolean;
  /** A value better than this ends the run. */
  stoppingThreshold?: number;
}

/** What a checkpoint keeps: JSON has no infinity, so `best` is null before the first evaluation. */
interface EarlyStoppingState {
  best: number | null;
  waited: number;
  /** Whether the last value was finite. */
  finite: boolean;
}

export class EarlyStoppingHook implements TrainHook {
  readonly name = 'EarlyStoppingHook';
  priority: number = PRIORITIES.LOWEST;
  private best?: number;
  private waited = 0;
  private finite = true;
  private isReported = false;

  constructor(readonly options: EarlyStoppingOptions) {}

  private nameIn(metrics: Record<string, number>): string | undefined {
    const { monitor } = this.options;
    return monitor === AUTO ? firstMetric(metrics)?.name : monitor;
  }

  private ruleOf(name: string): MetricRule {
    return this.options.rule ?? ruleOfMetric(name) ?? 'greater';
  }

  /** A run that had been ended, and is resumed, ends at once; with more patience it goes on. */
  beforeTrain(run: TrainRun): void {
    const { checkFinite, patience } = this.options;
    const hasWaited = this.waited > 0 && this.waited >= patience;
    const last = run.state.history.evaluations.at(-1);
    if (!last) return;
    const reached = this.best !== undefined && this.reachesThreshold(this.best, this.ruleOf(this.nameIn(last) ?? ''));
    if ((checkFinite && !this.finite) || reached || hasWaited) this.stop(run, 'as before the resume');
  }

  afterVal(run: TrainRun, metrics: Record<string, number> | undefined): void {
    if (!metrics) return;
    const name = this.nameIn(metrics);
    const value = name === undefined ? undefined : metrics[name];
    if (name === undefined || value === undefined) {
      this.reportMissing(run, Object.keys(metrics));
      return;
    }
    const reason = this.judge(name, value);
    if (reason !== undefined) this.stop(run, reason);
  }

  /** Why the run ends with this value, or undefined. */
  private judge(name: string, value: number): string | undefined {
    const { checkFinite, minDelta, patience, stoppingThreshold } = this.options;
    const { best } = this;
    const rule = this.ruleOf(name);
    this.finite = Number.isFinite(value);
    if (checkFinite && !this.finite) return `${name} is ${value}, ${this.bestText} before`;
    if (this.reachesThreshold(value, rule)) {
      this.best = value;
      return `${name} is ${value.toFixed(3)}, ${rule} than the threshold ${stoppingThreshold}`;
    }
    const isWorse = best !== undefined && (rule === 'greater' ? best + minDelta > value : best - minDelta < value);
    if (!isWorse && !Number.isNaN(value)) {
      this.best = value;
      this.waited = 0;
      return undefined;
    }
    this.waited++;
    if (this.waited < patience) return undefined;
    const by = minDelta > 0 ? ` by ${minDelta}` : '';
    return `${name} has not improved${by} in ${this.waited} evaluation${this.waited === 1 ? '' : 's'}, ${this.bestText}`;
  }

  private get bestText(): string {
    const { best } = this;
    return best !== undefined && Number.isFinite(best) ? `best ${best.toFixed(3)}` : 'no best value';
  }

  private reachesThreshold(value: number, rule: MetricRule): boolean {
    const { stoppingThreshold } = this.options;
    if (stoppingThreshold === undefined) return false;
    return rule === 'greater' ? value > stoppingThreshold : value < stoppingThreshold;
  }

  private stop(run: TrainRun, reason: string): void {
    run.stopTraining = true;
    run.log(`early stopping after ${run.loop.unit} ${run.done} of ${run.loop.total}: ${reason}`);
  }

  private reportMissing(run: TrainRun, names: string[]): void {
    const { monitor, strict } = this.options;
    const text = `the evaluation has no metric "${monitor}".${didYouMean(monitor, names)} It has ${names.join(', ')}`;
    if (strict) throw new DetLabError(`Cannot stop early by "${monitor}": ${text}`);
    if (!this.isReported) run.log(`EarlyStoppingHook does nothing: ${text}`);
    this.isReported = true;
  }

  state(): EarlyStoppingState {
    const { best } = this;
    return {
      best: best !== undefined && Number.isFinite(best) ? best : null,
      waited: this.waited,
      finite: this.finite,
    };
  }

  restore(state: unknown): void {
    const { best, waited, finite } = state as EarlyStoppingState;
    if (best !== null) this.best = best;
    this.waited = waited;
    this.finite = finite;
  }
}

export const earlyStoppingHookDefinition = defineModule({
  kind: 'hook',
  type: 'EarlyStoppingHook',
  summary: 'Ends the run when a metric of the evaluations has not improved for some of them',
  origin: 'mmengine',
  shapes: 'metrics of an evaluation -> whether training ends',
  example: "{ type: 'EarlyStoppingHook', monitor: 'coco/bbox_mAP', min_delta: 0.005, patience: 3 }",
  options: z
    .strictObject({
      monitor: z.string().describe("Metric of the evaluation: 'coco/bbox_mAP', 'val/loss'"),
      rule: z
        .enum(['greater', 'less'])
        .nullish()
        .describe('Which values of monitor are better; by its name when left out (mAP: greater, loss: less)'),
      min_delta: z
        .number()
        .nonnegative()
        .default(0.1)
        .describe('What an evaluation must add to the best one before it; of mAP, 0.1 is 10 points'),
      strict: z
        .boolean()
        .default(false)
        .describe('Whether an evaluation without monitor is an error; else a line of the log'),
      check_finite: z.boolean().default(true).describe('End the run when monitor is NaN or infinite'),
      patience: z.int().nonnegative().default(5).describe('Evaluations in a row without improvement that end the run'),
      stopping_threshold: z.number().nullish().describe('End the run as soon as monitor is better than this'),
      priority,
    })
    .refine((o) => o.rule || ruleOfMetric(o.monitor), {
      message: "the name of the metric does not say which values are better: expected rule 'greater' or 'less'",
      path: ['rule'],
    }),
  build: (o) =>
    new EarlyStoppingHook({
      monitor: o.monitor,
      rule: o.rule ?? ruleOfMetric(o.monitor) ?? 'greater',
      minDelta: o.min_delta,
      patience: o.patience,
      strict: o.strict,
      checkFinite: o.check_finite,
      stoppingThreshold: o.stopping_threshold ?? undefined,
    }),
});
