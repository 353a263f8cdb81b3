// A recipe's runs, one per seed, as a column of the comparison's table: means and spreads.

import { type CostedEvaluation, costTo, reachedByAll } from '../analysis/cost-to-metric';
import { type Spread, spreadOf } from '../analysis/spread';
import type { ReportNumbers } from '../visualization/ap-table';
import type { Contestant } from '../visualization/comparison';
import type { Run } from './run';

/** The columns of recipes, with what each has taken to reach an AP that all of their runs have reached. */
export function contestantsOf(all: Readonly<Record<string, readonly Run[]>>): Contestant[] {
  const entries = Object.entries(all);
  const evaluationsOf = (run: Run): readonly CostedEvaluation[] => run.curves.data.evaluations;
  const metric = 'AP';
  const value = reachedByAll(
    entries.flatMap(([, runs]) => runs.map(evaluationsOf)),
    metric,
  );
  return entries.map(([name, runs]) => {
    const contestant = contestantOf(name, runs);
    if (value === undefined) return contestant;
    const mean = (cost: 'seconds' | 'joules') => {
      const costs = runs.map((run) => costTo(evaluationsOf(run), metric, value, cost));
      return costs.includes(undefined) ? undefined : spreadOf(costs).mean;
    };
    const unreadable = runs.flatMap(({ energy }) => (energy && 'unreadable' in energy ? [energy.unreadable] : []))[0];
    return { ...contestant, toReach: { metric, value, seconds: mean('seconds'), joules: mean('joules'), unreadable } };
  });
}

/** The column of a recipe; of several runs, those without a report are left out of the means. */
export function contestantOf(name: string, runs: readonly Run[]): Contestant {
  const [first, ...others] = runs;
  const reports = runs.flatMap(({ report }) => report ?? []);
  const common = {
    name,
    unit: first.curves.data.unit,
    evaluations: first.curves.data.evaluations,
    parameters: first.model.parameters,
  };
  if (runs.length === 1) return { ...common, report: first.report, secondsPerImage: first.report?.secondsPerImage };
  const repeats = others.map((run) => run.curves.data.evaluations);
  if (reports.length === 0) return { ...common, repeats };
  const { report, spread } = meanReport(reports);
  const secondsPerImage = spreadOf(reports.map((one) => one.secondsPerImage)).mean;
  return { ...common, repeats, report, spread, secondsPerImage };
}

function meanReport(reports: readonly ReportNumbers[]): Required<Pick<Contestant, 'report' | 'spread'>> {
  const [first] = reports;
  const over = (of: (report: ReportNumbers) => number | undefined): Spread => spreadOf(reports.map(of));
  const metrics = Object.keys(first.metrics).map((name) => [name, over((r) => r.metrics[name])] as const);
  const main = Object.keys(first.metrics)[0];
  const perClass = first.perClass.map((row, c) => ({
    row,
    spreads: Object.keys(row.metrics).map((name) => [name, over((r) => r.perClass[c]?.metrics[name])] as const),
  }));
  const means = (spreads: readonly (readonly [string, Spread])[]) =>
    Object.fromEntries(spreads.map(([name, { mean }]) => [name, mean]));
  const deviations = (spreads: readonly (readonly [string, Spread])[]) =>
    Object.fromEntries(spreads.map(([name, { deviation }]) => [name, deviation]));
  return {
    report: {
      ...first,
      metrics: means(metrics),
      perClass: perClass.map(({ row, spreads }) => ({ ...row, metrics: means(spreads) })),
    },
    spread: {
      runs: reports.length,
      metrics: deviations(metrics),
      perClass: Object.fromEntries(perClass.map(({ row, spreads }) => [row.class, deviations(spreads)[main]])),
    },
  };
}
