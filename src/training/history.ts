// What a run has logged so far, and mmengine's smoothing: losses, times and gradient norms are averaged over the last
// `window` iterations, everything else is its current value. Records have the keys and order of mmengine's scalars.json.

import { type MetricRule, ruleOfMetric } from './metric-rule';

/** One line of scalars.jsonl: `{ lr, data_time, loss, ..., time, epoch, iter, step }`, or metrics and when in `step`. */
export type ScalarRecord = Record<string, number>;

export interface History {
  train: ScalarRecord[];
  /** One per evaluation; `step` is the epoch, counted from 1 (the iteration, in a run counted in iterations). */
  evaluations: ScalarRecord[];
}

const SMOOTHED = /loss|time|grad_norm/;

export class SmoothedScalars {
  private values = new Map<string, number[]>();

  constructor(private readonly window: number) {}

  /** Takes one iteration's numbers; a name keeps the place in which it first came. */
  push(scalars: Record<string, number>): void {
    for (const [name, value] of Object.entries(scalars)) {
      let list = this.values.get(name);
      if (!list) this.values.set(name, (list = []));
      list.push(value);
      if (list.length > (SMOOTHED.test(name) ? this.window : 1)) list.shift();
    }
  }

  current(): Record<string, number> {
    const result: Record<string, number> = {};
    for (const [name, list] of this.values) result[name] = list.reduce((a, b) => a + b, 0) / list.length;
    return result;
  }

  state(): [string, number[]][] {
    return [...this.values].map(([name, list]) => [name, [...list]]);
  }

  restore(state: [string, number[]][]): void {
    this.values = new Map(state.map(([name, list]) => [name, [...list]]));
  }
}

/** As a metric: the first that an evaluation has. */
export const AUTO = 'auto';

/**
 * The first evaluation with the best `metric`, by its `step`, or undefined before there is one.
 * @param rule whether larger (an AP) or smaller values are better; by the metric's name when left out
 */
export function bestEvaluation(
  history: History,
  metric: string,
  rule?: MetricRule,
): { at: number; metric: string; value: number } | undefined {
  let best: { at: number; metric: string; value: number } | undefined;
  for (const record of history.evaluations) {
    const name = metric === AUTO ? firstMetric(record)?.name : metric;
    if (name === undefined || record[name] === undefined) continue;
    const value = record[name];
    const smaller = (rule ?? ruleOfMetric(name)) === 'less';
    const isBetter = best === undefined || (smaller ? value < best.value : value > best.value);
    if (isBetter) best = { at: record.step, metric: name, value };
  }
  return best;
}

/** The metric that `AUTO` stands for, in a record or in an evaluation. */
export function firstMetric(record: ScalarRecord): { name: string; value: number } | undefined {
  const [entry] = Object.entries(record).filter(([name]) => name !== 'time' && name !== 'step');
  return entry && { name: entry[0], value: entry[1] };
}

/**
 * The history as `scalars.jsonl` has it: each evaluation after the last training line before it.
 * @param stepsPerEvaluation iterations of one unit of an evaluation's `step`
 */
export function historyLines({ train, evaluations }: History, stepsPerEvaluation: number): string[] {
  const all = [
    ...train.map((entry) => ({ at: entry.step, entry })),
    ...evaluations.map((entry) => ({ at: entry.step * stepsPerEvaluation + 0.5, entry })),
  ];
  return all.sort((a, b) => a.at - b.at).map(({ entry }) => `${JSON.stringify(entry)}\n`);
}
