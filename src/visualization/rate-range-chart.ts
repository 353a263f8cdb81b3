// The chart of a learning-rate range test: losses over the rate, which is on a logarithmic axis, and the rates that are suggested.

import { chartConfig, INK } from './chart';
import { colourOf } from './palette';

export interface RateRangeChart {
  title: string;
  rates: readonly number[];
  losses: readonly number[];
  smoothed: readonly number[];
  /** Rates to mark, with a word for each. */
  marks: readonly { rate: number; name: string }[];
}

/** Vega-Lite 5. */
export function rateRangeSpec({ title, rates, losses, smoothed, marks }: RateRangeChart): Record<string, unknown> {
  const shown = smoothed.filter(Number.isFinite);
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  // where it diverges it leaves the chart
  const top = Math.min(high, 1.3 * (shown[0] ?? high));
  const margin = 0.08 * (top - low || 1);
  const rows = (values: readonly number[]) =>
    values.flatMap((loss, i) => (Number.isFinite(loss) ? [{ rate: rates[i], loss }] : []));
  // a tenth of a rate may be below those that were tried
  const marked = [rates[0], rates[rates.length - 1], ...marks.map(({ rate }) => rate)];
  const domain: [number, number] = [Math.min(...marked), Math.max(...marked)];
  const x = {
    field: 'rate',
    type: 'quantitative',
    title: 'learning rate',
    scale: { type: 'log', domain, nice: false },
    axis: { format: '~e', values: powersOfTen(...domain) },
  };
  const y = {
    field: 'loss',
    type: 'quantitative',
    title: 'loss',
    scale: { domain: [Math.max(0, low - margin), top + margin], nice: false },
  };
  const names = marks.map(({ name }) => name);
  const color = {
    field: 'name',
    type: 'nominal',
    scale: { domain: names, range: names.map((_, i) => colourOf(i + 1)) },
    legend: { orient: 'right', symbolType: 'stroke', labelLimit: 320 },
  };
  const line = { type: 'line', clip: true, color: INK };
  return {
    ...chartConfig,
    title,
    width: 560,
    height: 240,
    layer: [
      { data: { values: rows(losses) }, mark: { ...line, strokeWidth: 1, opacity: 0.28 }, encoding: { x, y } },
      { data: { values: rows(smoothed) }, mark: { ...line, strokeWidth: 1.75 }, encoding: { x, y } },
      {
        data: { values: marks.map(({ rate, name }) => ({ rate, name })) },
        mark: { type: 'rule', strokeWidth: 2, strokeDash: [5, 3] },
        encoding: { x, color },
      },
    ],
  };
}

function powersOfTen(from: number, to: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(from) - 1e-9), Math.floor(Math.log10(to) + 1e-9)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 10 ** (first + i));
}
