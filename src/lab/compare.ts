// `compare({ FPN: a, PAFPN: b }).fit(data)`: trains several recipes alike; tables, a chart, and whether the differences are more
// than chance. `compare.reports` does the last of evaluated models, `compare.runs` reads runs back from folders.

import path from 'node:path';
import { DetLabError } from '../errors';
import { renderPng, svgFile } from '../visualization/chart';
import { type Contestant, comparisonBundles, comparisonSpec, comparisonTable } from '../visualization/comparison';
import { Display, type MimeBundle, notebook } from '../visualization/display';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { tableText } from '../visualization/table';
import { contestantsOf } from './contestants';
import { folderName } from './fit';
import type { FitOptions } from './fit-options';
import type { LabDataset } from './lab-dataset';
import { checkMethod } from './method-options';
import { planLoop } from './plan-loop';
import type { Recipe } from './recipe';
import { compareReports, type ReportComparison } from './report-comparison';
import type { Run } from './run';
import { compareRuns } from './runs';

/** Options of `compare(...).fit`: those of `fit`, and the seeds. */
export interface CompareFitOptions extends FitOptions {
  /**
   * Runs of each recipe: so many seeds from `seed` (0) on, or these seeds. Tables then have mean ± standard deviation, and each
   * run a folder of its own, `<workDir>/<name>/seed_<n>`.
   */
  seeds?: number | readonly number[];
}

/** The runs of several recipes, side by side, and which is better. */
export class Comparison extends SavableDisplay {
  protected readonly what = 'comparison';
  /** By the names given to `compare`; of several seeds, the run of the first. */
  readonly runs: Readonly<Record<string, Run>>;
  private compared?: ReportComparison;

  constructor(
    /** All runs by the names given to `compare`, one per seed. */
    readonly all: Readonly<Record<string, readonly Run[]>>,
    /** True when Stop ended it; `runs` has those finished before. */
    readonly interrupted: boolean,
  ) {
    super();
    this.runs = Object.fromEntries(Object.entries(all).map(([name, [first]]) => [name, first]));
  }

  private get contestants(): Contestant[] {
    return contestantsOf(this.all);
  }

  /**
   * How each recipe differs from the first, with intervals and verdicts, and on which images; undefined where fewer than two
   * were evaluated.
   */
  get differences(): ReportComparison | undefined {
    if (this.compared) return this.compared;
    const reports = Object.entries(this.all).map(
      ([name, runs]) => [name, runs.flatMap(({ report }) => report ?? [])] as const,
    );
    const evaluated = reports.filter(([, list]) => list.length > 0 && list.every(({ results }) => results));
    if (evaluated.length < 2) return undefined;
    this.compared = compareReports(Object.fromEntries(evaluated));
    return this.compared;
  }

  /**
   * AP, AP50, AP75..., AP per class, parameters, seconds per image, and time and energy of training until the AP that all runs have
   * reached; where the machine's energy cannot be read the note says why.
   */
  async table(): Promise<Display> {
    return new Display((await comparisonBundles(this.contestants)).table);
  }

  async chart(): Promise<Display> {
    return new Display((await comparisonBundles(this.contestants)).chart);
  }

  protected formats(): Formats {
    return {
      png: () => renderPng(comparisonSpec(this.contestants)),
      svg: () => svgFile(comparisonSpec(this.contestants)),
      html: async () => String((await this.bundle())['text/html']),
      csv: () => this.csv(),
      json: () => this.json(),
      txt: () => `${this}\n`,
    };
  }

  private csv(): string {
    const columns = ['recipe', 'run', 'metric', 'class', 'value'];
    const rows = Object.entries(this.all).flatMap(([name, runs]) =>
      runs.flatMap(({ report }, run) => [
        ...Object.entries(report?.metrics ?? {}).map(([metric, value]) => [name, run, metric, '', value]),
        ...(report?.perClass ?? []).flatMap((row) =>
          Object.entries(row.metrics).map(([metric, value]) => [name, run, metric, row.class, value]),
        ),
      ]),
    );
    return csvText(columns, rows);
  }

  private json(): unknown {
    const { contestants, differences } = this;
    return {
      recipes: contestants.map(({ report, ...rest }) => ({
        ...rest,
        metrics: report?.metrics,
        perClass: report?.perClass,
      })),
      differences: differences?.json(),
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    const { table, chart } = await comparisonBundles(this.contestants);
    // a front end shows one format of a bundle: HTML with the table, the chart and the differences
    const differences = (await this.differences?.html()) ?? '';
    return {
      ...table,
      'text/html': `${table['text/html']}\n${chart['text/html']}\n${differences}`,
      'text/plain': this.toString(),
      'image/png': chart['image/png'],
    };
  }

  toString(): string {
    const { differences } = this;
    const verdicts = differences ? `\n\n${differences.verdicts.join('\n')}` : '';
    return `${tableText(comparisonTable(this.contestants))}${verdicts}`;
  }
}

/**
 * Several recipes, to train with the same data and options.
 * @example await compare({ FPN: base, PAFPN: base.neck('PAFPN') }).fit(cells, { epochs: 6, seeds: 3 })
 */
export function compare(recipes: Readonly<Record<string, Recipe>>): {
  fit(data: LabDataset, options?: CompareFitOptions): Promise<Comparison>;
} {
  const entries = Object.entries(recipes);
  if (entries.length === 0)
    throw new DetLabError('Cannot compare: expected recipes by name, { FPN: a, PAFPN: b }, received none');
  return {
    async fit(data, options = {}) {
      checkMethod('compare.fit', options);
      checkUnits(entries);
      const { seeds: given, ...fitOptions } = options;
      const seeds = seedsOf(given, options.seed);
      const screen = notebook();
      const signal = options.signal ?? screen?.signal;
      const id = crypto.randomUUID();
      const all: Record<string, Run[]> = {};
      // every recipe once before any a second time, so that a comparison that is stopped has something of each
      const planned = seeds.flatMap((seed) => entries.map(([name, recipe]) => ({ name, recipe, seed })));
      let done = 0;
      for (const { name, recipe, seed } of planned) {
        if (signal?.aborted) break;
        const base = options.workDir === undefined ? 'runs/compare' : options.workDir;
        const place = [folderName(name), ...(given === undefined ? [] : [`seed_${seed}`])];
        const workDir = base === false ? (false as const) : path.join(base, ...place);
        // images are compared at the end, so the runs watch none unless asked to
        const run = await recipe.named(name).fit(data, { watch: false, ...fitOptions, seed, signal, workDir });
        (all[name] ??= []).push(run);
        done++;
        if (screen && planned.length > 1 && done < planned.length) {
          const { table } = await comparisonBundles(contestantsOf(all));
          screen.display(table, { id });
        }
      }
      return new Comparison(all, signal?.aborted === true || done < planned.length);
    },
  };
}

/**
 * Compares evaluated models on the same images: better, worse or not told apart, by class, and on which images.
 * @example compare.reports({ a: await a.evaluate(cells), b: await b.evaluate(cells) })
 */
compare.reports = compareReports;

/**
 * The runs of folders or patterns: a table with their config differences, and their curves on one chart.
 * @example compare.runs('runs/*').save('runs.html')
 */
compare.runs = compareRuns;

/** The seeds of the runs of each recipe. @throws DetLabError for seeds that are there twice, or beside a first one */
function seedsOf(given: CompareFitOptions['seeds'], first: number | undefined): (number | undefined)[] {
  if (given === undefined) return [first];
  if (typeof given === 'number') return Array.from({ length: given }, (_, i) => (first ?? 0) + i);
  if (first !== undefined)
    throw new DetLabError(
      `Cannot compare with seed ${first} and seeds [${given.join(', ')}]: expected one of them; seeds: 3 counts from seed`,
    );
  if (new Set(given).size < given.length)
    throw new DetLabError(`Cannot compare with the seeds [${given.join(', ')}]: expected distinct integers`);
  return [...given];
}

/** @throws DetLabError when some recipes count epochs and others iterations: their curves have no common axis */
function checkUnits(entries: readonly (readonly [name: string, recipe: Recipe])[]): void {
  const units = entries.map(([name, { config }]) => [name, planLoop(config).loop.unit] as const);
  const [[first, unit]] = units;
  const other = units.find(([, one]) => one !== unit);
  if (other)
    throw new DetLabError(
      `Cannot compare "${first}" with "${other[0]}": their train_cfg counts ${unit}s and ${other[1]}s. Use the same loop for both`,
    );
}
