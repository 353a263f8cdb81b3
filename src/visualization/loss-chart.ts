// The chart of a run, updated during training: losses over epochs (or iterations) above, smoothed, with their values faint below
// and those of the validation images dashed; AP of the evaluations and learning rate below.

import { chartHtml, chartPng, INK, sparkline } from './chart';
import { type ChartPanel, type ChartSeries, panelsSpec } from './chart-panel';
import type { MimeBundle } from './display';
import { fluidChart } from './fluid-chart';
import { colourOf } from './palette';
import { downsampled, smoothed, type TrainingCurves } from './training-curves';

export interface LossChartOptions {
  title?: string;
  /** Epochs or iterations of the whole run, as the curves count. */
  total?: number;
}

const METRIC_COLOURS = ['#0a84ff', '#2fb344', '#ff9f0a'];

/** Losses, AP where there is an evaluation, learning rate. */
export function lossPanels(
  curves: TrainingCurves,
  { title = 'Training', total = 0 }: LossChartOptions = {},
): ChartPanel[] {
  const { unit, evaluations } = curves;
  const points = downsampled(curves.steps);
  const end = Math.max(total, points.at(-1)?.at ?? 0, 1);
  // ticks at whole epochs if they fit
  const ticks = end > 1 && end <= 24 ? Array.from({ length: Math.floor(end) + 1 }, (_, i) => i) : undefined;
  const x = { title: unit, domain: [0, end] as const, ticks };
  // fewer fit below, where two charts share a row
  const half = { ...x, ticks: ticks?.filter((tick) => end <= 12 || tick % 2 === 0) };
  const losses: ChartPanel = {
    title,
    x,
    y: { title: 'loss' },
    series: lossSeries(points, evaluations),
    height: 240,
    wide: true,
  };
  const rates: ChartSeries = {
    name: 'lr',
    colour: '#868e96',
    points: points.map(({ at, lr }) => [at, lr]),
    steps: true,
  };
  const rate: ChartPanel = { title: 'Learning rate', x: half, y: {}, series: [rates], height: 110 };
  if (evaluations.length === 0) return [losses, { ...rate, x, height: 80, wide: true }];
  const shown = ['AP', 'AP50', 'AP75', 'mAP'].filter((name) => name in evaluations[0].metrics);
  const names = (shown.length > 0 ? shown : Object.keys(evaluations[0].metrics)).slice(0, 3);
  const precision = names.map((name, i) => ({
    name,
    colour: METRIC_COLOURS[i],
    points: evaluations.map(({ at, metrics }) => [at, Math.max(0, metrics[name])] as const),
    dots: true,
  }));
  return [losses, { title: 'Average precision', x: half, y: { domain: [0, 1] }, series: precision, height: 110 }, rate];
}

/** The sum in the colour of the text, its parts in colours of their own; of the validation images the sum alone. */
function lossSeries(points: TrainingCurves['steps'], evaluations: TrainingCurves['evaluations']): ChartSeries[] {
  const parts = Object.keys(points[0]?.losses ?? {}).filter((name) => name !== 'loss');
  const validation = evaluations.flatMap(({ at, losses }) => (losses ? [[at, losses.loss] as const] : []));
  const series = ['loss', ...parts].map((name, i): ChartSeries => {
    const raw = points.flatMap(({ at, losses }) => (name in losses ? [[at, losses[name]] as const] : []));
    return { name, colour: i === 0 ? INK : colourOf(i - 1), points: smoothed(raw), raw, width: i === 0 ? 2.5 : 1.5 };
  });
  if (validation.length === 0) return series;
  const [sum, ...others] = series;
  return [sum, { name: 'val/loss', colour: INK, points: validation, dashed: true, dots: true }, ...others];
}

export function lossChartText({ unit, steps, evaluations }: TrainingCurves): string {
  const names = Object.keys(steps[0]?.losses ?? {});
  const validation = evaluations.flatMap(({ losses }) => (losses ? [losses.loss] : []));
  const widest = Math.max(validation.length > 0 ? 8 : 4, ...names.map((n) => n.length));
  const lines = names.map((name) => {
    const values = steps.map((s) => s.losses[name]);
    return `${name.padEnd(widest)}  ${sparkline(values)}  ${values[0].toFixed(3)} -> ${values.at(-1)!.toFixed(3)}`;
  });
  if (validation.length > 0)
    lines.push(
      `${'val/loss'.padEnd(widest)}  ${sparkline(validation)}  ${validation[0].toFixed(3)} -> ${validation.at(-1)!.toFixed(3)}`,
    );
  for (const name of ['AP', 'AP50'].filter((n) => n in (evaluations[0]?.metrics ?? {}))) {
    const values = evaluations.map((e) => e.metrics[name]);
    const best = values.indexOf(Math.max(...values));
    lines.push(
      `${name.padEnd(widest)}  ${sparkline(values)}  ${values.at(-1)!.toFixed(3)} (best ${values[best].toFixed(3)} after ${unit} ${evaluations[best].at})`,
    );
  }
  return lines.length > 0 ? lines.join('\n') : 'no iteration yet';
}

/** While training: HTML and text, which cost next to nothing. */
export function liveLossChart(curves: TrainingCurves, options: LossChartOptions = {}): MimeBundle {
  return { 'text/html': fluidChart(lossPanels(curves, options)), 'text/plain': lossChartText(curves) };
}

/** The chart of a run that has ended, as HTML; its PNG is shown where scripts do not run. */
export async function lossChartHtml(curves: TrainingCurves, options: LossChartOptions = {}): Promise<string> {
  const panels = lossPanels(curves, options);
  return chartHtml(fluidChart(panels), await chartPng(panelsSpec(panels)), `losses of ${options.title ?? 'training'}`);
}

export async function lossChart(curves: TrainingCurves, options: LossChartOptions = {}): Promise<MimeBundle> {
  return { 'text/html': await lossChartHtml(curves, options), 'text/plain': lossChartText(curves) };
}
