// `compare({ FPN: a, PAFPN: b }).fit(data)`: trains several recipes alike; one table and one chart of the results.

import path from 'node:path';
import { inspect } from 'node:util';
import { DetLabError } from '../errors';
import { type Contestant, comparisonBundles, comparisonTable } from '../visualization/comparison';
import { Display, type Displayable, JUPYTER_DISPLAY, type MimeBundle, notebook } from '../visualization/display';
import { tableText } from '../visualization/table';
import { folderName } from './fit';
import type { LabDataset } from './lab-dataset';
import type { FitOptions } from './plan';
import { planLoop } from './plan-loop';
import type { Recipe } from './recipe';
import type { Run } from './run';

const contestant = (name: string, run: Run): Contestant => ({
  name,
  report: run.report,
  unit: run.curves.data.unit,
  evaluations: run.curves.data.evaluations,
  parameters: run.model.parameters,
  secondsPerImage: run.report?.secondsPerImage,
});

export class Comparison implements Displayable {
  constructor(
    /** By the names given to `compare`. */
    readonly runs: Readonly<Record<string, Run>>,
    /** True when Stop ended it; `runs` has those finished before. */
    readonly interrupted: boolean,
  ) {}

  private get contestants(): Contestant[] {
    return Object.entries(this.runs).map(([name, run]) => contestant(name, run));
  }

  /** AP, AP50, AP75..., AP per class, parameters, seconds per image. */
  async table(): Promise<Display> {
    return new Display((await comparisonBundles(this.contestants)).table);
  }

  async chart(): Promise<Display> {
    return new Display((await comparisonBundles(this.contestants)).chart);
  }

  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    const { table, chart } = await comparisonBundles(this.contestants);
    // a front end shows one format of a bundle: HTML with the table and the chart
    const image = `<img alt="comparison chart" style="max-width:100%;width:860px" src="data:image/png;base64,${chart['image/png']}">`;
    return { ...table, 'text/html': `${table['text/html']}\n${image}`, 'image/png': chart['image/png'] };
  }

  toString(): string {
    return tableText(comparisonTable(this.contestants));
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/**
 * Several recipes, to train with the same data and options.
 * @example await compare({ FPN: base, PAFPN: base.neck('PAFPN') }).fit(cells, { epochs: 6 })
 */
export function compare(recipes: Readonly<Record<string, Recipe>>): {
  fit(data: LabDataset, options?: FitOptions): Promise<Comparison>;
} {
  const entries = Object.entries(recipes);
  if (entries.length === 0)
    throw new DetLabError('Cannot compare: expected recipes by name, { FPN: a, PAFPN: b }, received none');
  return {
    async fit(data, options = {}) {
      checkUnits(entries);
      const screen = notebook();
      const signal = options.signal ?? screen?.signal;
      const id = crypto.randomUUID();
      const runs: Record<string, Run> = {};
      for (const [name, recipe] of entries) {
        if (signal?.aborted) break;
        const base = options.workDir === undefined ? 'runs/compare' : options.workDir;
        const workDir = base === false ? (false as const) : path.join(base, folderName(name));
        runs[name] = await recipe.named(name).fit(data, { ...options, signal, workDir });
        if (screen && entries.length > 1 && Object.keys(runs).length < entries.length) {
          const { table } = await comparisonBundles(Object.entries(runs).map(([n, run]) => contestant(n, run)));
          screen.display(table, { id });
        }
      }
      const interrupted = signal?.aborted === true || Object.keys(runs).length < entries.length;
      return new Comparison(runs, interrupted);
    },
  };
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
