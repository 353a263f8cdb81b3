// What a search over options has found: a table of its trials, best first, and their comparison.

import type { Candidate } from '../analysis/search-space';
import { ruleOfMetric } from '../training/metric-rule';
import { metricText } from '../visualization/ap-table';
import type { MimeBundle } from '../visualization/display';
import { clock } from '../visualization/progress';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tablesBundle, tableText } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';
import { Comparison } from './compare';
import type { Run } from './run';

/** One set of values, and how far it was trained. */
export interface SearchTrial {
  name: string;
  values: Candidate;
  run: Run;
  /** Metric of the last evaluation; undefined without one. */
  value: number | undefined;
  /** Of all its rungs. */
  seconds: number;
  /** What became of it. */
  state: 'finished' | 'dropped' | 'stopped';
}

/** The trials of a search, best first. */
export class SearchResult extends SavableDisplay {
  protected readonly what: string;
  readonly trials: readonly SearchTrial[];

  constructor(
    readonly name: string,
    trials: readonly SearchTrial[],
    /** Name of the metric that decides. */
    readonly metric: string,
    /** How many there are to be, and the strategy in words. */
    private readonly plan: { trials: number; text: string },
    /** True when Stop ended it. */
    readonly interrupted: boolean,
  ) {
    super();
    this.what = `search of ${name}`;
    // those trained further are compared first: a short training says little
    this.trials = [...trials].sort((a, b) => b.run.epoch - a.run.epoch || byValue(metric)(a.value, b.value));
    for (const key of ['what', 'plan']) Object.defineProperty(this, key, { enumerable: false });
  }

  /** Undefined where none was evaluated. */
  get best(): SearchTrial | undefined {
    return this.trials.find(({ value }) => value !== undefined);
  }

  /** The trials side by side: tables, curves and what differs by more than chance. */
  get comparison(): Comparison {
    return new Comparison(Object.fromEntries(this.trials.map(({ name, run }) => [name, [run]])), this.interrupted);
  }

  table(): Table {
    const { interrupted, metric, plan, trials } = this;
    const keys = Object.keys(trials[0]?.values ?? {});
    const right = (title: string) => ({ title, align: 'right' as const });
    return {
      title: `${this.name}: search, ${trials.length} of ${plan.trials} trials`,
      columns: [right(''), ...keys.map(right), right('epochs'), right(metric), right('time'), { title: '' }],
      rows: trials.map(({ run, seconds, state, value, values }, i) => [
        String(i + 1),
        ...keys.map((key) => valueText(values[key])),
        String(run.epoch),
        metricText(value),
        clock(seconds),
        state === 'finished' ? '' : state,
      ]),
      strong: this.best ? [trials.indexOf(this.best)] : [],
      note: [plan.text, ...(interrupted ? ['stopped'] : [])].join('; '),
    };
  }

  protected formats(): Formats {
    const { interrupted, metric, name, trials } = this;
    const keys = Object.keys(trials[0]?.values ?? {});
    const plain = trials.map(({ run, ...trial }) => ({
      ...trial,
      epochs: run.epoch,
      workDir: run.workDir,
      metrics: run.report?.metrics,
    }));
    return {
      ...tableFormats({ name, metric, interrupted, trials: plain }, this.table()),
      csv: () =>
        csvText(
          ['name', ...keys, 'epochs', metric, 'seconds', 'state'],
          plain.map(({ name: trial, values, epochs, value, seconds, state }) => [
            ...[trial, ...keys.map((key) => valueText(values[key])), epochs, value ?? '', seconds, state],
          ]),
        ),
    };
  }

  protected bundle(): MimeBundle {
    return tablesBundle(this.table());
  }

  toString(): string {
    return tableText(this.table());
  }
}

/** The order of values of a metric, the best first; those without one last, and those that are undefined (-1, NaN) before them. */
export function byValue(metric: string): (a: number | undefined, b: number | undefined) => number {
  const smaller = ruleOfMetric(metric) === 'less';
  const rank = (value: number | undefined): number => {
    if (value === undefined) return Number.NEGATIVE_INFINITY;
    if (!(value > -1)) return -Number.MAX_VALUE;
    return smaller ? -value : value;
  };
  return (a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a));
}

/** A value of an option in a name: `0.01`, `PAFPN`. */
export function valueText(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'type' in value && Object.keys(value).length === 1)
    return String(value.type);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
