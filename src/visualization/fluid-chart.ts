// Line charts as HTML that fits any width: the lines are an SVG that is stretched, the texts are HTML beside it, in the page's font
// and colour, so that a chart is legible in a narrow cell and on a dark page. It is made of strings in about a millisecond, which
// a chart that is redrawn during training needs. `browser/charts.ts` adds the values under the pointer.

import { INK } from './chart';
import { type ChartPanel, type ChartPoint, type ChartSeries, LINE_WIDTH, RAW_OPACITY, rangeOf } from './chart-panel';
import { escapeHtml } from './escape';
import { vega } from './vega';

/** Units of the stretched SVG along either axis. */
const UNITS = 2000;
/** Width of a digit and height of a line of the tick labels, in pixels. */
const [DIGIT, LINE] = [6.6, 15];
const NARROWEST = 250;

/** What is used of d3's linear scale. */
interface LinearScale {
  nice(count: number): LinearScale;
  domain(): [number, number];
  ticks(count: number): number[];
  tickFormat(count: number, specifier?: string): (value: number) => string;
}

interface Axis {
  domain: readonly [number, number];
  ticks: { at: number; text: string }[];
}

/** HTML of the panels: one below the other on a narrow page. */
export function fluidChart(panels: readonly ChartPanel[]): string {
  const figures = panels.map((panel) => {
    const basis = panel.wide ? '100%' : `${NARROWEST}px`;
    return `<div style="flex:1 1 ${basis};min-width:0">${panelHtml(panel)}</div>`;
  });
  return `<div style="display:flex;flex-wrap:wrap;gap:10px 20px;padding:4px 0;line-height:1.2">${figures.join('\n')}</div>`;
}

function panelHtml(panel: ChartPanel): string {
  const { series, title, height } = panel;
  const x = axisOf(panel.x.domain, 7, panel.x.ticks);
  const y = axisOf(rangeOf(panel), height > 150 ? 5 : 3, undefined, !panel.y.domain);
  const left = Math.max(...y.ticks.map(({ text }) => text.length)) * DIGIT + 10;
  const name = panel.y.title ? ` <span style="font-weight:normal;opacity:.75">${escapeHtml(panel.y.title)}</span>` : '';
  const facts = `data-x="${x.domain}" data-y="${y.domain}" data-x-title="${escapeHtml(panel.x.title)}"`;
  return (
    `<div style="font-size:13px;font-weight:600;padding:2px 0">${escapeHtml(title)}${name}</div>${legend(series)}` +
    `<div class="detlab-plot" ${facts} style="position:relative;height:${height}px;margin:8px 14px ${2 * LINE + 8}px ${left}px;font-size:11px">` +
    `<svg viewBox="0 0 ${UNITS} ${UNITS}" preserveAspectRatio="none" ` +
    `style="position:absolute;inset:0;width:100%;height:100%;max-width:none;overflow:visible" fill="none">` +
    `${grid(y)}${series.map((one) => lines(one, x, y)).join('')}</svg>${labels(x, y, panel.x.title)}` +
    `${series.map((one) => dots(one, x, y)).join('')}</div>`
  );
}

/** @param nice whether the axis ends at a tick */
function axisOf(domain: readonly [number, number], count: number, given?: readonly number[], nice = false): Axis {
  const linear: LinearScale = vega()
    .scale('linear')()
    .domain([...domain]);
  const axis = nice ? linear.nice(count) : linear;
  const [low, high] = axis.domain();
  const far = Math.max(Math.abs(low), Math.abs(high));
  const format = axis.tickFormat(count, far < 1e-3 ? '.2~e' : undefined);
  const ticks: readonly number[] = given ?? axis.ticks(count);
  return { domain: [low, high], ticks: ticks.map((at) => ({ at, text: given ? String(at) : format(at) })) };
}

const share = ({ domain: [low, high] }: Axis, value: number): number => (value - low) / (high - low);
/** In units of the SVG, downwards. */
const place = ([a, b]: ChartPoint, x: Axis, y: Axis): [number, number] => [
  Math.round(share(x, a) * UNITS),
  Math.round((1 - share(y, b)) * UNITS),
];
const percent = (part: number): string => `${(100 * part).toFixed(2)}%`;

const STROKE = 'vector-effect="non-scaling-stroke"';

function grid(y: Axis): string {
  const path = y.ticks.map(({ at }) => `M0,${place([0, at], { ...y, domain: [0, 1] }, y)[1]}H${UNITS}`).join('');
  return `<path d="${path}" stroke="${INK}" stroke-opacity=".14" ${STROKE}/>`;
}

function lines(
  { colour, dashed, name, points, raw, steps, width = LINE_WIDTH }: ChartSeries,
  x: Axis,
  y: Axis,
): string {
  if (points.length === 0) return '';
  const path = (list: readonly ChartPoint[], held = false) =>
    list
      .map((point, i) => {
        const [a, b] = place(point, x, y);
        if (i === 0) return `M${a},${b}`;
        return held ? `H${a}V${b}` : `L${a},${b}`;
      })
      .join('');
  const faint = raw ? `<path d="${path(raw)}" stroke="${colour}" stroke-opacity="${RAW_OPACITY}" ${STROKE}/>` : '';
  const dash = dashed ? ' stroke-dasharray="6 4"' : '';
  return (
    `${faint}<path data-name="${escapeHtml(name)}" d="${path(points, steps)}" stroke="${colour}" stroke-width="${width}" ` +
    `stroke-linejoin="round"${dash} ${STROKE}/>`
  );
}

function dots({ colour, dots: marked, points }: ChartSeries, x: Axis, y: Axis): string {
  if (!marked) return '';
  return points
    .map(
      ([a, b]) =>
        `<span style="position:absolute;left:${percent(share(x, a))};top:${percent(1 - share(y, b))};width:6px;height:6px;` +
        `margin:-3px 0 0 -3px;border-radius:50%;background:${colour}"></span>`,
    )
    .join('');
}

function labels(x: Axis, y: Axis, title: string): string {
  const text = 'position:absolute;opacity:.8;white-space:nowrap';
  const vertical = y.ticks.map(
    ({ at, text: label }) =>
      `<span style="${text};right:100%;margin-right:6px;top:${percent(1 - share(y, at))};transform:translateY(-50%)">${label}</span>`,
  );
  const horizontal = x.ticks.map(
    ({ at, text: label }) =>
      `<span style="${text};top:100%;margin-top:4px;left:${percent(share(x, at))};transform:translateX(-50%)">${label}</span>`,
  );
  const name = `<span style="${text};top:100%;margin-top:${LINE + 4}px;left:50%;transform:translateX(-50%)">${escapeHtml(title)}</span>`;
  return [...vertical, ...horizontal, name].join('');
}

function legend(series: readonly ChartSeries[]): string {
  if (series.length < 2) return '';
  const entries = series.map(
    ({ name, colour, dashed }) =>
      `<span style="white-space:nowrap"><span style="display:inline-block;width:16px;vertical-align:middle;margin-right:5px;` +
      `border-top:3px ${dashed ? 'dashed' : 'solid'} ${colour}"></span>${escapeHtml(name)}</span>`,
  );
  return `<div style="display:flex;flex-wrap:wrap;gap:2px 14px;font-size:11px;padding:2px 0">${entries.join('')}</div>`;
}
