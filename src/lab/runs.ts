// `runs('runs')`: all runs of a folder as a table. `compare.runs('runs/*')`: those of a pattern, with their curves on one chart.

import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import picomatch from 'picomatch';
import { DetLabError } from '../errors';
import { chartBundle, renderPng, svgFile } from '../visualization/chart';
import type { MimeBundle } from '../visualization/display';
import { type ListedRun, type RunListData, runCurvesSpec, runListHtml, runTable } from '../visualization/run-list';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { tableMarkdown, tableText } from '../visualization/table';
import { type ConfigDifference, configDifferences } from './config-differences';
import type { LabDataset } from './lab-dataset';
import { checkMethod } from './method-options';
import { Model } from './model';
import type { Report } from './report';
import { type CompareOptions, compareReports, type ReportComparison } from './report-comparison';
import { findRunFolders, type RunFolder, readRunFolder } from './run-folder';
import { chartMetrics } from './run-view';

/** Losses that are drawn of a run. */
const DRAWN_LOSSES = 300;

/** Runs read back from folders: displayed as a table that can be sorted; saved as .html, .png, .svg, .csv, .json or .txt. */
export class RunList extends SavableDisplay {
  protected readonly what = 'runs';
  /** In what the runs differ, by path of the config. */
  readonly differences: readonly ConfigDifference[];

  constructor(
    readonly runs: readonly RunFolder[],
    /** Folders and files that cannot be read, or are no runs, and why. */
    readonly problems: readonly string[],
    private readonly title: string,
    private readonly withChart: boolean,
  ) {
    super();
    this.differences = configDifferences(
      runs.map(({ config, record }) => {
        const { data, freezing, precision } = record ?? {};
        return (
          config && {
            ...config,
            ...(data !== undefined && { data }),
            ...(freezing && { freezing }),
            ...(precision !== undefined && { precision }),
          }
        );
      }),
    );
  }

  /**
   * Evaluates the last checkpoint of each on the same data: better, worse or not told apart.
   * @throws DetLabError for a run without a checkpoint
   */
  async evaluate(data: LabDataset, options: CompareOptions = {}): Promise<ReportComparison> {
    checkMethod('RunList.evaluate', options);
    const missing = this.runs.find(({ checkpoint }) => checkpoint === undefined);
    if (missing) throw new DetLabError(`Cannot evaluate the run "${missing.name}": it has no checkpoint`);
    const reports: Record<string, Report> = {};
    for (const { name, checkpoint } of this.runs) {
      const model = await Model.load(checkpoint!);
      try {
        reports[name] = await model.evaluate(data);
      } finally {
        model.dispose();
      }
    }
    return compareReports(reports, options);
  }

  private get data(): RunListData {
    const { runs, differences, problems, title } = this;
    return {
      title,
      runs: runs.map((run, i) =>
        listed(
          run,
          differences.map(({ values }) => values[i]),
        ),
      ),
      settings: differences.map(({ path: setting }) => setting),
      note: problems.join('; '),
    };
  }

  protected formats(): Formats {
    return {
      png: () => renderPng(runCurvesSpec(this.data)),
      svg: () => svgFile(runCurvesSpec(this.data)),
      html: () => this.html(true),
      csv: () => this.csv(),
      json: () => this.json(),
      txt: () => `${this}\n`,
    };
  }

  private async html(withChart: boolean): Promise<string> {
    return runListHtml(this.data, withChart ? String((await this.chart())['text/html'] ?? '') : '');
  }

  private async chart(): Promise<MimeBundle> {
    const { data } = this;
    return data.runs.length === 0 ? {} : chartBundle(runCurvesSpec(data), '', 'curves of the runs');
  }

  private csv(): string {
    const { runs, differences } = this;
    const names = [...new Set(runs.flatMap(({ evaluations }) => Object.keys(evaluations.at(-1) ?? {})))];
    const metrics = names.filter((name) => name !== 'step' && name !== 'time');
    const columns = ['run', 'folder', 'recipe', 'status', 'last_written', 'unit', 'done', 'total', 'best', 'best_at'];
    return csvText(
      [...columns, 'checkpoint', ...metrics, ...differences.map(({ path: setting }) => setting)],
      runs.map((run, i) => [
        ...[run.name, run.folder, run.recipe ?? '', run.status, run.when.toISOString(), run.unit, run.done],
        ...[run.total ?? '', run.best?.value ?? '', run.best?.at ?? '', run.checkpoint ?? ''],
        ...metrics.map((name) => run.evaluations.at(-1)?.[name] ?? ''),
        ...differences.map(({ values }) => values[i] ?? ''),
      ]),
    );
  }

  json(): unknown {
    const { runs, problems, differences } = this;
    return {
      runs: runs.map(({ config: _, record, ...run }) => ({ ...run, data: record?.data, seed: record?.seed })),
      differences: differences.map(({ path: setting, values }) => ({ path: setting, values: values.map(parsed) })),
      problems,
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    const { data, withChart } = this;
    const chart = withChart ? await this.chart() : {};
    return {
      'text/html': runListHtml(data, String(chart['text/html'] ?? '')),
      'text/markdown': tableMarkdown(runTable(data)),
      'text/plain': this.toString(),
      ...('image/png' in chart && { 'image/png': chart['image/png'] }),
    };
  }

  toString(): string {
    return tableText(runTable(this.data));
  }
}

const parsed = (text: string | undefined): unknown => (text === undefined ? null : JSON.parse(text));

function listed(run: RunFolder, settings: (string | undefined)[]): ListedRun {
  const { name, recipe, status, when, unit, done, total, metrics, best, checkpoint, evaluations, train } = run;
  const step = Math.max(1, Math.ceil(train.length / DRAWN_LOSSES));
  const perEpoch = unit === 'epoch' ? iterationsPerEpoch(train) : 1;
  return {
    name,
    recipe,
    status,
    when: when.getTime(),
    unit,
    done,
    total,
    metrics,
    best: best && { at: best.at, value: best.value },
    checkpoint: checkpoint && path.basename(checkpoint),
    settings,
    evaluations: evaluations.map((record) => ({ at: record.step, metrics: chartMetrics(record) })),
    losses: train
      .filter((_, i) => i % step === 0 || i === train.length - 1)
      .map((record) => ({ at: record.step / perEpoch, loss: record.loss })),
  };
}

/** Iterations of an epoch, as the records count them: `step` in epoch `epoch`. */
function iterationsPerEpoch(train: RunFolder['train']): number {
  const last = train.at(-1);
  return last && last.epoch > 0 ? Math.max(1, last.step / last.epoch) : 1;
}

/**
 * All runs of a folder and the folders in it: config differences, metrics, curves, when, whether they were stopped.
 * @example runs('runs')
 * @throws DetLabError for a folder that is not there
 */
export function runs(folder = 'runs'): RunList {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new DetLabError(`Cannot list the runs of "${folder}": there is no such folder`);
  const found = findRunFolders(folder);
  const problems = found.length === 0 ? [`"${folder}" has no runs: no folder in it has a scalars.jsonl`] : [];
  return runList(found, folder, problems, { title: `Runs of ${folder}`, withChart: false });
}

/**
 * The runs of folders or patterns, on one chart. What a pattern matches and is no run is named.
 * @example compare.runs('runs/*')
 * @throws DetLabError when there is no run among them
 */
export function compareRuns(...patterns: readonly (string | readonly string[])[]): RunList {
  const given = patterns.flat();
  const problems: string[] = [];
  const found = new Set<string>();
  for (const pattern of given) {
    const { base, isGlob } = picomatch.scan(pattern);
    const matched = isGlob ? matchingFolders(pattern, base) : existsSync(pattern) ? [pattern] : [];
    if (matched.length === 0) problems.push(`"${pattern}": there is no such folder`);
    for (const folder of matched) {
      const inside = findRunFolders(folder);
      if (inside.length === 0) problems.push(`"${folder}" is no run: it has no scalars.jsonl`);
      for (const run of inside) found.add(path.normalize(run));
    }
  }
  if (found.size === 0)
    throw new DetLabError(
      `Cannot compare runs: expected folders of runs, such as 'runs/*', received ${given.length === 0 ? 'none' : problems.join('; ')}`,
    );
  const list = [...found];
  return runList(list, commonFolder(list), problems, { title: 'Runs', withChart: true });
}

function runList(
  folders: readonly string[],
  root: string,
  problems: readonly string[],
  { title, withChart }: { title: string; withChart: boolean },
): RunList {
  const from = path.resolve(root);
  const read = folders.map((folder) =>
    readRunFolder(
      path.resolve(folder),
      path.relative(from, path.resolve(folder)) || path.basename(path.resolve(folder)),
    ),
  );
  const damaged = read.flatMap((run) => run.problems.map((problem) => `${run.name}: ${problem}`));
  return new RunList(read, [...problems, ...damaged], title, withChart);
}

/** Folders that a pattern matches, none inside of another. */
function matchingFolders(pattern: string, base: string): string[] {
  const isMatch = picomatch(pattern.replace(/^\.\//, '').replace(/\/$/, ''));
  const matched: string[] = [];
  const visit = (folder: string, depth: number): void => {
    if (depth > 8 || !existsSync(folder)) return;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const inside = path.join(folder, entry.name);
      if (isMatch(inside.split(path.sep).join('/'))) matched.push(inside);
      else visit(inside, depth + 1);
    }
  };
  visit(base === '' ? '.' : path.normalize(base), 0);
  return matched.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** The deepest folder that has all of them inside. */
function commonFolder(folders: readonly string[]): string {
  const parts = folders.map((folder) => path.dirname(path.resolve(folder)).split(path.sep));
  const [first] = parts;
  const length = first.findIndex((part, i) => parts.some((other) => other[i] !== part));
  return first.slice(0, length < 0 ? first.length : length).join(path.sep) || path.sep;
}
