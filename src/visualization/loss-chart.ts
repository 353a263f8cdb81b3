// The chart of a run, updated during training: losses over epochs (or iterations) above; AP of the evaluations and learning
// rate below.

import { chartBundle, chartConfig, sparkline } from './chart';
import type { MimeBundle } from './display';
import { colourOf } from './palette';
import { downsampled, type TrainingCurves } from './training-curves';

const NUMBER = '.4~g';

/** @param total epochs or iterations of the whole run, as the curves count */
export function lossChartSpec({ unit, steps, evaluations }: TrainingCurves, { title = 'Training', total = 0 } = {}) {
  const points = downsampled(steps);
  const parts = Object.keys(points[0]?.losses ?? {}).filter((name) => name !== 'loss');
  const end = Math.max(total, points.at(-1)?.at ?? 0, 1);
  const x = {
    field: unit,
    type: 'quantitative',
    title: unit,
    scale: { domain: [0, end], nice: false },
    // ticks at whole epochs if they fit
    axis: end > 1 && end <= 24 ? { values: Array.from({ length: Math.floor(end) + 1 }, (_, i) => i) } : {},
  };
  const losses = {
    title,
    width: 660,
    height: 240,
    data: {
      values: points.flatMap(({ at, losses }) =>
        Object.entries(losses).map(([name, value]) => ({ [unit]: at, name, value })),
      ),
    },
    mark: { type: 'line', interpolate: 'monotone', tooltip: true },
    encoding: {
      x,
      y: { field: 'value', type: 'quantitative', title: 'loss' },
      color: {
        field: 'name',
        type: 'nominal',
        scale: { domain: ['loss', ...parts], range: ['#212529', ...parts.map((_, i) => colourOf(i))] },
        legend: { orient: 'right' },
      },
      strokeWidth: { condition: { test: "datum.name === 'loss'", value: 2.5 }, value: 1.5 },
    },
  };
  const rates = {
    title: 'Learning rate',
    width: 290,
    height: 110,
    data: { values: points.map(({ at, lr }) => ({ [unit]: at, lr })) },
    mark: { type: 'line', interpolate: 'step-after', color: '#868e96', tooltip: true },
    encoding: { x, y: { field: 'lr', type: 'quantitative', title: null, axis: { format: NUMBER } } },
  };
  if (evaluations.length === 0) return { ...chartConfig, vconcat: [losses, { ...rates, width: 660, height: 80 }] };
  const shown = ['AP', 'AP50', 'AP75', 'mAP'].filter((name) => name in evaluations[0].metrics);
  const names = shown.length > 0 ? shown : Object.keys(evaluations[0].metrics).slice(0, 3);
  const precision = {
    title: 'Average precision',
    width: 290,
    height: 110,
    data: {
      values: evaluations.flatMap(({ at, metrics }) =>
        names.map((name) => ({ [unit]: at, name, value: Math.max(0, metrics[name]) })),
      ),
    },
    mark: { type: 'line', point: { filled: true, size: 36 }, tooltip: true },
    encoding: {
      x,
      y: { field: 'value', type: 'quantitative', title: null, scale: { domain: [0, 1] } },
      color: {
        field: 'name',
        type: 'nominal',
        scale: { domain: names, range: ['#0a84ff', '#2fb344', '#ff9f0a'].slice(0, names.length) },
        legend: { orient: 'right' },
      },
    },
  };
  return {
    ...chartConfig,
    vconcat: [losses, { hconcat: [precision, rates], resolve: { scale: { color: 'independent' } } }],
    resolve: { scale: { color: 'independent' } },
  };
}

export function lossChartText({ unit, steps, evaluations }: TrainingCurves): string {
  const names = Object.keys(steps[0]?.losses ?? {});
  const widest = Math.max(4, ...names.map((n) => n.length));
  const lines = names.map((name) => {
    const values = steps.map((s) => s.losses[name]);
    return `${name.padEnd(widest)}  ${sparkline(values)}  ${values[0].toFixed(3)} -> ${values.at(-1)!.toFixed(3)}`;
  });
  for (const name of ['AP', 'AP50'].filter((n) => n in (evaluations[0]?.metrics ?? {}))) {
    const values = evaluations.map((e) => e.metrics[name]);
    const best = values.indexOf(Math.max(...values));
    lines.push(
      `${name.padEnd(widest)}  ${sparkline(values)}  ${values.at(-1)!.toFixed(3)} (best ${values[best].toFixed(3)} after ${unit} ${evaluations[best].at})`,
    );
  }
  return lines.length > 0 ? lines.join('\n') : 'no iteration yet';
}

export function lossChart(
  curves: TrainingCurves,
  options: { title?: string; total?: number } = {},
): Promise<MimeBundle> {
  return chartBundle(lossChartSpec(curves, options), lossChartText(curves));
}
