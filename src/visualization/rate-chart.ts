// The learning rates (and momentum) of a run over its iterations as SVG in the colours of the page, with rows of marks below
// for what happens when.

import { escapeHtml } from './escape';
import { colourOf } from './palette';

export interface RateLine {
  name: string;
  values: ArrayLike<number>;
}

/** Marks of one kind below the chart, at iterations. */
export interface MarkRow {
  name: string;
  marks: readonly { step: number; text: string }[];
}

export interface RateChart {
  /** Panels one below the other: the rates, and the momentum where it moves. */
  panels: readonly { title: string; lines: readonly RateLine[] }[];
  rows: readonly MarkRow[];
  /** Spans that are shaded: the warm-up. */
  spans: readonly { from: number; to: number; text: string }[];
  /** Iterations of the whole run, and of an epoch where the axis counts epochs. */
  total: number;
  epochLength?: number;
}

const WIDTH = 720;
const [LEFT, RIGHT] = [74, 14];
const POINTS = 500;
/** Marks closer to each other than this many pixels are thinned out. */
const MARK_GAP = 3;

const n = (value: number): string => String(Math.round(value * 100) / 100);
const text = (x: number, y: number, content: string, anchor = 'start', more = '') =>
  `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}" fill="currentColor" ${more}>${escapeHtml(content)}</text>`;

/** SVG of the chart, without a background; `color` in place of the page's. */
export function rateChartSvg({ panels, rows, spans, total, epochLength }: RateChart, color?: string): string {
  const heights = panels.map((_, i) => (i === 0 ? 190 : 90));
  const x = (step: number) => LEFT + (step / total) * (WIDTH - LEFT - RIGHT);
  const parts: string[] = [];
  let top = 22;
  for (const [i, panel] of panels.entries()) {
    if (i === 0)
      for (const span of spans)
        parts.push(
          `<rect x="${n(x(span.from))}" y="${top}" width="${n(Math.max(1, x(span.to) - x(span.from)))}" height="${heights[i]}" fill="#ff9f0a" fill-opacity="0.18"><title>${escapeHtml(span.text)}</title></rect>`,
          text(x(span.to) + 4, top + heights[i] - 5, span.text, 'start', 'font-size="10" fill-opacity="0.75"'),
        );
    parts.push(panelShapes(panel, top, heights[i], x, total));
    top += heights[i] + 30;
  }
  top -= 18;
  parts.push(axisShapes(top, x, total, epochLength));
  top += 30;
  for (const { name, marks } of rows) {
    parts.push(text(LEFT - 8, top + 4, name, 'end', 'font-size="11"'), markShapes(marks, top, x));
    top += 18;
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top + 4}" font-size="11" ` +
    `font-family="DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif" style="display:block;width:100%;max-width:960px;height:auto` +
    `${color ? `;color:${color}` : ''}"${color ? ` color="${color}" width="${WIDTH}" height="${top + 4}"` : ''}>${parts.join('')}</svg>`
  );
}

function panelShapes(
  { title, lines }: RateChart['panels'][number],
  top: number,
  height: number,
  x: (step: number) => number,
  total: number,
): string {
  const largest = Math.max(...lines.map(({ values }) => maximum(values)), 1e-12);
  const ticks = niceTicks(largest);
  const high = Math.max(largest, ticks.at(-1) ?? 0);
  const y = (value: number) => top + height - (value / high) * height;
  const grid = ticks.map(
    (tick) =>
      `<path d="M${LEFT} ${n(y(tick))}H${WIDTH - RIGHT}" stroke="currentColor" stroke-opacity="0.15"/>` +
      text(LEFT - 8, y(tick) + 4, String(Number(tick.toPrecision(4))), 'end', 'font-size="10"'),
  );
  const drawn = lines.map(
    ({ name, values }, i) =>
      `<path d="${stepPath(values, x, y, total)}" fill="none" stroke="${colourOf(lines.length > 1 ? i : 1)}" stroke-width="1.8"><title>${escapeHtml(name)}</title></path>`,
  );
  let at = WIDTH - RIGHT;
  const legend =
    lines.length > 1
      ? [...lines.entries()].reverse().map(([i, { name }]) => {
          at -= 6.6 * name.length + 24;
          return `<rect x="${n(at)}" y="${top - 12}" width="12" height="4" fill="${colourOf(i)}"/>${text(at + 16, top - 6, name)}`;
        })
      : [];
  return grid.join('') + drawn.join('') + text(LEFT, top - 6, title, 'start', 'font-weight="600"') + legend.join('');
}

function maximum(values: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

/** Every value where there are few, else the extremes of as many bins as there are pixels for. */
function stepPath(
  values: ArrayLike<number>,
  x: (step: number) => number,
  y: (value: number) => number,
  total: number,
): string {
  const size = Math.max(1, Math.ceil(values.length / POINTS));
  const points: string[] = [];
  for (let from = 0; from < values.length; from += size) {
    const to = Math.min(values.length, from + size);
    let [low, high] = [from, from];
    for (let i = from; i < to; i++) {
      if (values[i] < values[low]) low = i;
      if (values[i] > values[high]) high = i;
    }
    const kept = [...new Set([from, low, high, to - 1])].sort((a, b) => a - b);
    points.push(...kept.map((i) => `${n(x(i))} ${n(y(values[i]))}H${n(x(Math.min(total, i + 1)))}`));
  }
  return `M${points.join('L')}`;
}

function niceTicks(high: number): number[] {
  const raw = high / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999) ?? raw;
  return Array.from({ length: Math.ceil(high / step - 1e-9) + 1 }, (_, i) => i * step);
}

function axisShapes(top: number, x: (step: number) => number, total: number, epochLength?: number): string {
  const unit = epochLength ?? 1;
  const count = total / unit;
  const step = niceTicks(count)[1] ?? 1;
  const every = epochLength ? Math.max(1, Math.ceil(count <= 24 ? 1 : step)) : step;
  const ticks: string[] = [];
  for (let k = 0; k <= count + 1e-9; k += every)
    ticks.push(
      `<path d="M${n(x(k * unit))} ${top}v4" stroke="currentColor"/>` +
        text(x(k * unit), top + 15, k.toLocaleString('en'), 'middle', 'font-size="10"'),
    );
  const line = `<path d="M${LEFT} ${top}H${WIDTH - RIGHT}" stroke="currentColor"/>`;
  return line + ticks.join('') + text(LEFT - 8, top + 15, epochLength ? 'epoch' : 'iteration', 'end', 'font-size="11"');
}

function markShapes(marks: MarkRow['marks'], top: number, x: (step: number) => number): string {
  const shapes: string[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const { step, text: content } of marks) {
    if (x(step) - last < MARK_GAP) continue;
    last = x(step);
    shapes.push(
      `<circle cx="${n(x(step))}" cy="${top}" r="${marks.length > 60 ? 1.2 : 3.2}" fill="currentColor" fill-opacity="0.75"><title>${escapeHtml(content)}</title></circle>`,
    );
  }
  return shapes.join('');
}
