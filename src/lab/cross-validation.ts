// `recipe.crossValidate(data, { folds: 5 })`: trains a recipe once for each fold, from the same first weights, and reports what
// differs from fold to fold: mean and standard deviation.

import path from 'node:path';
import { spreadOf } from '../analysis/spread';
import { DetLabError } from '../errors';
import { metricText } from '../visualization/ap-table';
import { type MimeBundle, notebook } from '../visualization/display';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tablesBundle, tableText } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';
import { folderName } from './fit';
import type { FitOptions } from './fit-options';
import { Folds } from './folds';
import type { KFoldOptions } from './k-fold';
import type { LabDataset } from './lab-dataset';
import type { Run } from './run';

/** Options of `crossValidate`: those of `fit` and of `kFold`; `seed` is that of both. */
export interface CrossValidateOptions extends FitOptions, Omit<KFoldOptions, 'seed'> {
  /** How many folds (default 5), or the folds themselves: `data.kFold(...)`. */
  folds?: number | Folds<LabDataset>;
}

/** The runs of all folds with mean and standard deviation over them. */
export class CrossValidation extends SavableDisplay {
  protected readonly what: string;

  constructor(
    readonly name: string,
    readonly runs: readonly Run[],
    /** How many there are to be. */
    readonly of: number,
    private readonly note: string,
    /** More folds follow. */
    private readonly isRunning = false,
  ) {
    super();
    this.what = `cross-validation of ${name}`;
    for (const key of ['what', 'note', 'isRunning']) Object.defineProperty(this, key, { enumerable: false });
  }

  /** True when Stop ended it; `runs` has those of the folds before. */
  get interrupted(): boolean {
    return this.runs.length < this.of || this.runs.some(({ interrupted }) => interrupted);
  }

  /** Mean and standard deviation (of a sample) of each metric, over the folds in which it was measured. */
  get metrics(): Record<string, { mean: number; deviation: number; values: number[] }> {
    const reports = this.reports;
    const names = Object.keys(reports[0]?.metrics ?? {});
    return Object.fromEntries(names.map((name) => [name, spread(reports.map(({ metrics }) => metrics[name]))]));
  }

  /** The same of the first metric of each class. */
  get perClass(): Record<string, { mean: number; deviation: number; values: number[] }> {
    const reports = this.reports;
    const rows = reports[0]?.perClass ?? [];
    return Object.fromEntries(
      rows.map(({ class: name, metrics }, c) => {
        const [main] = Object.keys(metrics);
        return [name, spread(reports.map(({ perClass }) => perClass[c]?.metrics[main] ?? -1))];
      }),
    );
  }

  private get reports() {
    return this.runs.flatMap(({ report, interrupted }) => (report && !interrupted ? [report] : []));
  }

  /** A row for each metric and class, a column for each fold. */
  table(): Table {
    const { of, reports } = this;
    const done = reports.length;
    const text = (value: number | undefined) => metricText(value);
    const rowOf = (title: string, { mean, deviation, values }: ReturnType<typeof spread>) => [
      title,
      ...values.map(text),
      `${text(mean)}${Number.isNaN(deviation) ? '' : ` ± ${deviation.toFixed(3)}`}`,
    ];
    const classes = Object.entries(this.perClass);
    const metrics = Object.entries(this.metrics).filter(([name]) => /^(AP|AR|mAP)/.test(name));
    const [main = 'AP'] = Object.keys(reports[0]?.perClass[0]?.metrics ?? {});
    const progress = this.isRunning ? 'so far' : 'stopped';
    const stopped = this.interrupted ? [`${progress}: ${done} of ${of} folds`] : [];
    return {
      title: `${this.name}: cross-validation with ${of} folds`,
      columns: [
        { title: '' },
        ...reports.map((_, i) => ({ title: `fold ${i + 1}`, align: 'right' as const })),
        { title: 'mean ± std', align: 'right' as const },
      ],
      rows: [
        ...metrics.map(([name, one]) => rowOf(name, one)),
        ...classes.map(([name, one]) => rowOf(`${main} ${name}`, one)),
      ],
      strong: [0],
      note: [...stopped, this.note, 'standard deviation of a sample (n - 1)'].join('; '),
    };
  }

  protected formats(): Formats {
    const { interrupted, metrics, name, of, perClass } = this;
    const rows = Object.entries({ ...metrics, ...perClass }).map(([metric, { mean, deviation, values }]) => [
      metric,
      ...values,
      mean,
      Number.isNaN(deviation) ? '' : deviation,
    ]);
    const folds = this.reports.map((_, i) => `fold ${i + 1}`);
    return {
      ...tableFormats({ name, folds: of, interrupted, metrics, perClass }, this.table()),
      csv: () => csvText(['metric', ...folds, 'mean', 'std'], rows),
    };
  }

  protected bundle(): MimeBundle {
    return tablesBundle(this.table());
  }

  toString(): string {
    return tableText(this.table());
  }
}

const spread = (values: number[]) => {
  const { mean, deviation } = spreadOf(values);
  return { mean, deviation, values };
};

/** What is trained: a recipe. */
interface Trainable {
  readonly name: string;
  fit(data: LabDataset, options: FitOptions): Promise<Run>;
}

/** @throws DetLabError for folds that there cannot be */
export async function crossValidate(
  recipe: Trainable,
  data: LabDataset,
  { folds: given = 5, stratified, groups, ...options }: CrossValidateOptions = {},
): Promise<CrossValidation> {
  const { seed, workDir: root = 'runs/cross-validate' } = options;
  if (given instanceof Folds && (stratified !== undefined || groups !== undefined))
    throw new DetLabError(
      'Cannot cross-validate: the folds are given, so that stratified and groups have no effect. Pass them to kFold',
    );
  const folds = given instanceof Folds ? given : data.kFold(given, { stratified, groups, seed: seed ?? 0 });
  const screen = notebook();
  const signal = options.signal ?? screen?.signal;
  const id = crypto.randomUUID();
  const note = `the same first weights (seed ${seed ?? 0}) for every fold`;
  const runs: Run[] = [];
  const soFar = (isRunning = false) => new CrossValidation(recipe.name, [...runs], folds.length, note, isRunning);
  for (const [i, fold] of [...folds].entries()) {
    if (signal?.aborted) break;
    const workDir = root === false ? (false as const) : path.join(root, folderName(recipe.name), `fold_${i + 1}`);
    runs.push(await recipe.fit(fold, { watch: false, ...options, signal, workDir }));
    screen?.display(tablesBundle(soFar(i + 1 < folds.length).table()), { id });
  }
  return soFar();
}
