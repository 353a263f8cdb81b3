// A plot whose two axes go from 0 to 1 (precision, recall, scores) as SVG: the ink is the surrounding text's colour, so that it
// follows the theme; parts have `data-part` names by which a browser script finds them.

import sharp from 'sharp';
import { escapeHtml } from './escape';

/** Pixels of the view box and of the margins of its axes. */
export const FRAME = { width: 380, height: 310, left: 46, right: 12, top: 30, bottom: 42 } as const;

type Point = readonly [x: number, y: number];

export interface PlotLine {
  /** `data-part` of the element. */
  part: string;
  points: readonly Point[];
  colour: string;
  width?: number;
  opacity?: number;
  dash?: string;
  /** Shown when the pointer rests on it. */
  title?: string;
}

export interface UnitPlot {
  title: string;
  x: string;
  y: string;
  lines: readonly PlotLine[];
  /** Closed areas below the lines. */
  areas?: readonly PlotLine[];
  /** Vertical bars from the axis. */
  bars?: readonly { from: number; to: number; height: number; colour: string; opacity?: number; title?: string }[];
  dots?: readonly { part: string; at: Point; colour: string }[];
  /** Right of the title. */
  legend?: readonly { text: string; colour: string }[];
  /** SVG drawn last. */
  over?: string;
}

const spanX = FRAME.width - FRAME.left - FRAME.right;
const spanY = FRAME.height - FRAME.top - FRAME.bottom;
const at = (value: number): string => value.toFixed(1);
export const plotX = (x: number): number => FRAME.left + x * spanX;
export const plotY = (y: number): number => FRAME.top + (1 - y) * spanY;

/** The `d` of a path through the points; points that are no numbers are left out. */
export function pathData(points: readonly Point[], closed = false): string {
  const known = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const text = known.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${at(plotX(x))} ${at(plotY(y))}`).join('');
  return closed && text !== '' ? `${text}Z` : text;
}

/** The SVG element; `left` moves it, for several in one drawing. */
export function unitPlot(plot: UnitPlot, { left, top = 0 }: { left?: number; top?: number } = {}): string {
  const { width, height } = FRAME;
  const place =
    left === undefined
      ? 'style="width:100%;height:auto;display:block"'
      : `x="${left}" y="${top}" width="${width}" height="${height}"`;
  const label = `${plot.title}: ${plot.y} against ${plot.x}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${place} role="img" aria-label="${escapeHtml(label)}" font-family="inherit" font-size="11" fill="none" stroke-linejoin="round">
${axes(plot)}
${(plot.bars ?? []).map(barElement).join('\n')}
${(plot.areas ?? []).map((area) => areaElement(area)).join('\n')}
${plot.lines.map(lineElement).join('\n')}
${(plot.dots ?? []).map(dotElement).join('\n')}
${plot.over ?? ''}</svg>`;
}

function axes({ title, x, y, legend = [] }: UnitPlot): string {
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const [right, bottom] = [plotX(1), plotY(0)];
  const grid = ticks.map(
    (v) =>
      `<path d="M${at(plotX(v))} ${FRAME.top}V${bottom}M${FRAME.left} ${at(plotY(v))}H${right}" stroke="currentColor" stroke-opacity="${v === 0 ? 0.45 : 0.12}"/>`,
  );
  const labels = ticks.map(
    (v) =>
      `<text x="${at(plotX(v))}" y="${bottom + 15}" text-anchor="middle">${v}</text><text x="${FRAME.left - 6}" y="${at(plotY(v) + 4)}" text-anchor="end">${v}</text>`,
  );
  let from = right;
  const keys = [...legend].reverse().map(({ text, colour }) => {
    from -= 6.4 * text.length + 24;
    return `<path d="M${at(from)} 13h12" stroke="${colour}" stroke-width="3"/><text x="${at(from + 16)}" y="17">${escapeHtml(text)}</text>`;
  });
  return `${grid.join('')}
<g fill="currentColor" fill-opacity="0.8">${labels.join('')}
<text x="${at(plotX(0.5))}" y="${FRAME.height - 8}" text-anchor="middle">${escapeHtml(x)}</text>
<text transform="translate(12 ${at(plotY(0.5))}) rotate(-90)" text-anchor="middle">${escapeHtml(y)}</text>
${keys.join('\n')}</g>
<text x="${FRAME.left}" y="17" fill="currentColor" font-size="13" font-weight="600">${escapeHtml(title)}</text>`;
}

const titleElement = (title?: string) => (title === undefined ? '' : `<title>${escapeHtml(title)}</title>`);

const lineElement = ({ part, points, colour, width = 2, opacity = 1, dash, title }: PlotLine) =>
  `<path data-part="${escapeHtml(part)}" d="${pathData(points)}" stroke="${colour}" stroke-width="${width}" stroke-opacity="${opacity}"${dash ? ` stroke-dasharray="${dash}"` : ''}>${titleElement(title)}</path>`;

const areaElement = ({ part, points, colour, opacity = 0.2 }: PlotLine) =>
  `<path data-part="${escapeHtml(part)}" d="${pathData(points, true)}" fill="${colour}" fill-opacity="${opacity}"/>`;

const dotElement = ({ part, at: [x, y], colour }: NonNullable<UnitPlot['dots']>[number]) =>
  `<circle data-part="${escapeHtml(part)}" cx="${at(plotX(x))}" cy="${at(plotY(y))}" r="4.5" fill="${colour}" stroke="currentColor" stroke-opacity="0.6"/>`;

function barElement({ from, to, height, colour, opacity = 0.5, title }: NonNullable<UnitPlot['bars']>[number]): string {
  const [x, y] = [plotX(from) + 1, plotY(height)];
  return `<rect x="${at(x)}" y="${at(y)}" width="${at(plotX(to) - x - 1)}" height="${at(plotY(0) - y)}" fill="${colour}" fill-opacity="${opacity}">${titleElement(title)}</rect>`;
}

/** Several plots in a row as one SVG file, with ink of its own. */
export function plotsFile(plots: readonly UnitPlot[], background?: string): string {
  const width = FRAME.width * plots.length;
  const back = background === undefined ? '' : `<rect width="100%" height="100%" fill="${background}"/>`;
  const parts = plots.map((plot, i) => unitPlot(plot, { left: FRAME.width * i }));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${FRAME.height}" viewBox="0 0 ${width} ${FRAME.height}" color="#212529" font-family="DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif">${back}
${parts.join('\n')}</svg>`;
}

/** Several plots in a row on white as PNG, at `scale` times their size. */
export function plotsPng(plots: readonly UnitPlot[], scale = 2): Promise<Buffer> {
  const svg = Buffer.from(plotsFile(plots, 'white'));
  return sharp(svg, { density: 72 * scale })
    .flatten({ background: 'white' })
    .png()
    .toBuffer();
}
