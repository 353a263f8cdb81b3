// Comparison of trained recipes: one table, one chart (AP over epochs or iterations; final AP, AP50 and AP75).

import { metricText, type ReportNumbers } from './ap-table';
import { chartBundle, chartConfig } from './chart';
import type { MimeBundle } from './display';
import { colourOf } from './palette';
import { clock } from './progress';
import { type Table, tablesBundle } from './table';
import type { TrainingCurves } from './training-curves';

export interface Contestant {
  name: string;
  /** Absent during training; of several runs, the means. */
  report?: ReportNumbers;
  /** Of several runs: their number and the standard deviations over them, by metric and by class. */
  spread?: { runs: number; metrics: Record<string, number>; perClass: Record<string, number> };
  /** What evaluations are counted in, the same for all contestants; epochs when absent. */
  unit?: TrainingCurves['unit'];
  evaluations: TrainingCurves['evaluations'];
  /** Of several runs: the evaluations of the others. */
  repeats?: readonly TrainingCurves['evaluations'][];
  parameters: number;
  /** What training has taken until a metric that all contestants reach; `unreadable`: why there is no energy. */
  toReach?: { metric: string; value: number; seconds?: number; joules?: number; unreadable?: string };
  /** Prediction time. */
  secondsPerImage?: number;
}

/** The best of several values in a row is marked by `*`. */
export function comparisonTable(contestants: readonly Contestant[], title = 'Comparison'): Table {
  const done = contestants.filter((c) => c.report !== undefined);
  const row = (
    label: string,
    value: (c: Contestant) => number | undefined,
    text: (v: number | undefined) => string,
    best: 'high' | 'low' | 'none',
    deviation: (c: Contestant) => number | undefined = () => undefined,
  ) => {
    const values = contestants.map(value);
    const known = values.filter((v) => v !== undefined && v >= 0) as number[];
    const top =
      best === 'none' || known.length < 2 ? undefined : best === 'high' ? Math.max(...known) : Math.min(...known);
    const spread = contestants.map((c) => deviationText(deviation(c)));
    return [label, ...values.map((v, i) => `${text(v)}${spread[i]}${v !== undefined && v === top ? ' *' : ''}`)];
  };
  const metrics = Object.keys(done[0]?.report?.metrics ?? {}).filter((name) => /^(AP|mAP)/.test(name));
  const classes = done[0]?.report?.perClass ?? [];
  const perClass = metrics[0] ?? 'AP';
  return {
    title,
    columns: [{ title: '' }, ...contestants.map((c) => ({ title: c.name, align: 'right' as const }))],
    rows: [
      ...metrics.map((name) =>
        row(
          name,
          (c) => c.report?.metrics[name],
          metricText,
          'high',
          (c) => c.spread?.metrics[name],
        ),
      ),
      ...classes.map(({ class: label }) =>
        row(
          `${perClass} ${label}`,
          (c) => c.report?.perClass.find((r) => r.class === label)?.metrics[perClass],
          metricText,
          'high',
          (c) => c.spread?.perClass[label],
        ),
      ),
      row(
        'parameters',
        (c) => c.parameters,
        (v) => (v === undefined ? '–' : v.toLocaleString('en')),
        'low',
      ),
      row(
        'seconds / image',
        (c) => c.secondsPerImage,
        (v) => (v === undefined ? '–' : v.toPrecision(3)),
        'low',
      ),
      ...costRows(contestants).map(({ label, value, text }) => row(label, value, text, 'low')),
    ],
    strong: [0],
    note: ['* best of its row', ...spreadNotes(contestants), ...energyNotes(contestants)].join('; '),
  };
}

/** Time and energy until the AP that all have reached. */
function costRows(contestants: readonly Contestant[]) {
  const target = contestants.find(({ toReach }) => toReach)?.toReach;
  if (!target) return [];
  const rows = [
    { name: 'time', value: (c: Contestant) => c.toReach?.seconds, text: timeText },
    { name: 'energy', value: (c: Contestant) => c.toReach?.joules, text: energyText },
  ];
  return rows
    .filter(({ value }) => contestants.some((c) => value(c) !== undefined))
    .map((row) => ({ ...row, label: `${row.name} to ${target.metric} ${target.value.toFixed(3)}` }));
}

const timeText = (seconds: number | undefined): string =>
  seconds === undefined ? '–' : seconds < 100 ? `${seconds.toPrecision(3)} s` : clock(seconds);

function energyText(joules: number | undefined): string {
  if (joules === undefined) return '–';
  return joules < 1000 ? `${joules.toPrecision(3)} J` : `${(joules / 1000).toPrecision(3)} kJ`;
}

function energyNotes(contestants: readonly Contestant[]): string[] {
  const reason = contestants.find(({ toReach }) => toReach?.unreadable !== undefined)?.toReach?.unreadable;
  return reason === undefined ? [] : [`energy is not known: ${reason}`];
}

const deviationText = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '' : ` ± ${value.toFixed(3)}`;

function spreadNotes(contestants: readonly Contestant[]): string[] {
  const counts = new Set(contestants.map(({ spread }) => spread?.runs ?? 1));
  if (Math.max(...counts) < 2) return [];
  const runs = counts.size === 1 ? `${[...counts][0]} runs each` : 'the runs of each';
  return [`mean ± standard deviation of ${runs}, one per seed`];
}

export function comparisonSpec(contestants: readonly Contestant[]) {
  const color = {
    field: 'recipe',
    type: 'nominal',
    scale: { domain: contestants.map((c) => c.name), range: contestants.map((_, i) => colourOf(i + 1)) },
    legend: { orient: 'right' },
  };
  const first = contestants.find((c) => c.evaluations.length > 0)?.evaluations[0].metrics ?? {};
  const names = ['AP', 'AP50', 'AP75', 'mAP'].filter((name) => name in first);
  const unit = contestants[0]?.unit ?? 'epoch';
  const curves = contestants.flatMap((c) =>
    [c.evaluations, ...(c.repeats ?? [])].map((evaluations, run) => ({ recipe: c.name, run, evaluations })),
  );
  const last = Math.max(1, ...curves.flatMap(({ evaluations }) => evaluations.map((e) => e.at)));
  const y = { field: 'value', type: 'quantitative', title: null, scale: { domain: [0, 1] } };
  return {
    ...chartConfig,
    hconcat: [
      {
        title: `${names[0] ?? 'AP'} over ${unit}s`,
        width: 320,
        height: 220,
        data: {
          values: curves.flatMap(({ recipe, run, evaluations }) =>
            evaluations.map((e) => ({
              recipe,
              run,
              [unit]: e.at,
              value: Number(Math.max(0, e.metrics[names[0]] ?? 0).toFixed(4)),
            })),
          ),
        },
        mark: { type: 'line', point: { filled: true, size: 40 }, tooltip: true },
        encoding: {
          x: {
            field: unit,
            type: 'quantitative',
            scale: { domain: [0, last], nice: false },
            axis: { tickMinStep: 1 },
          },
          y: { ...y, scale: { zero: true } },
          detail: { field: 'run', type: 'nominal' },
          color,
        },
      },
      {
        title: 'Final metrics',
        width: { step: 28 },
        height: 220,
        data: {
          values: contestants.flatMap((c) =>
            names.map((name) => ({
              recipe: c.name,
              metric: name,
              value: Number(Math.max(0, c.report?.metrics[name] ?? 0).toFixed(4)),
            })),
          ),
        },
        mark: { type: 'bar', tooltip: true, cornerRadiusEnd: 2 },
        encoding: {
          x: { field: 'metric', type: 'nominal', title: null, sort: names, axis: { labelAngle: 0 } },
          xOffset: { field: 'recipe', type: 'nominal', sort: contestants.map((c) => c.name) },
          y,
          color,
        },
      },
    ],
  };
}

/** Table and chart as separate bundles, since a front end shows only one form of a bundle. */
export async function comparisonBundles(
  contestants: readonly Contestant[],
): Promise<{ table: MimeBundle; chart: MimeBundle }> {
  const table = comparisonTable(contestants);
  const bundle = tablesBundle(table);
  return {
    table: bundle,
    chart: await chartBundle(comparisonSpec(contestants), String(bundle['text/plain']), 'comparison chart'),
  };
}
