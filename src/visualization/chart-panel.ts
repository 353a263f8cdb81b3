// A chart of lines over one axis, as data: what the HTML of notebooks (`fluid-chart.ts`) and the Vega-Lite specification of
// static images (PNG, SVG) are both made from.

import { chartConfig } from './chart';

export type ChartPoint = readonly [x: number, y: number];

export interface ChartSeries {
  name: string;
  /** #rrggbb, or INK. */
  colour: string;
  points: readonly ChartPoint[];
  /** What `points` was smoothed from: drawn faint, below it. */
  raw?: readonly ChartPoint[];
  /** Width of the line in pixels; default 1.75. */
  width?: number;
  dashed?: boolean;
  /** With a dot at each point. */
  dots?: boolean;
  /** A value holds until the next point. */
  steps?: boolean;
}

export interface ChartPanel {
  title: string;
  x: { title: string; domain: readonly [number, number]; ticks?: readonly number[] };
  /** From 0 to the largest value when `domain` is left out. */
  y: { title?: string; domain?: readonly [number, number] };
  series: readonly ChartSeries[];
  /** Of the plot, in pixels. */
  height: number;
  /** Takes a row of the chart; others share one. */
  wide?: boolean;
}

export const LINE_WIDTH = 1.75;
export const RAW_OPACITY = 0.28;

/** The domain of the vertical axis. */
export function rangeOf({ series, y }: ChartPanel): readonly [number, number] {
  if (y.domain) return y.domain;
  let [low, high] = [0, Number.NEGATIVE_INFINITY];
  for (const { points, raw = [] } of series)
    for (const [, value] of [...points, ...raw]) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high > low ? high : low + 1];
}

/** Vega-Lite 5, for static images: wide panels above, the others side by side below. */
export function panelsSpec(panels: readonly ChartPanel[]): Record<string, unknown> {
  const wide = panels.filter((panel) => panel.wide).map((panel) => panelSpec(panel, 660));
  const rest = panels.filter((panel) => !panel.wide);
  const below = rest.map((panel) => panelSpec(panel, rest.length === 1 ? 660 : 290));
  const resolve = { scale: { color: 'independent', strokeDash: 'independent' } };
  const rows = [...wide, ...(below.length > 1 ? [{ hconcat: below, resolve }] : below)];
  return { ...chartConfig, vconcat: rows, resolve };
}

function panelSpec(panel: ChartPanel, width: number): Record<string, unknown> {
  const { series, title, x, height } = panel;
  const names = series.map(({ name }) => name);
  const color = {
    field: 'name',
    type: 'nominal',
    scale: { domain: names, range: series.map(({ colour }) => colour) },
    legend: series.length > 1 ? { orient: 'right', symbolType: 'stroke' } : null,
  };
  const encoding = {
    x: {
      field: 'x',
      type: 'quantitative',
      title: x.title,
      scale: { domain: x.domain, nice: false },
      axis: x.ticks ? { values: x.ticks } : {},
    },
    y: {
      field: 'y',
      type: 'quantitative',
      title: panel.y.title ?? null,
      scale: { domain: rangeOf(panel), nice: !panel.y.domain },
    },
    color,
  };
  const rows = (name: string, points: readonly ChartPoint[]) => points.map(([a, b]) => ({ name, x: a, y: b }));
  const layer = series.flatMap(({ name, points, raw, steps, dashed, dots, width: line = LINE_WIDTH }) => {
    const mark = {
      type: 'line',
      strokeWidth: line,
      interpolate: steps ? 'step-after' : 'linear',
      strokeDash: dashed ? [5, 3] : [1, 0],
      ...(dots && { point: { filled: true, size: 30 } }),
    };
    const faint = { type: 'line', strokeWidth: 1, opacity: RAW_OPACITY };
    return [
      ...(raw ? [{ data: { values: rows(name, raw) }, mark: faint, encoding }] : []),
      { data: { values: rows(name, points) }, mark, encoding },
    ];
  });
  return { title, width, height, layer };
}
