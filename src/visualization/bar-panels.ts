// Small bar charts and a heat map side by side, as one SVG in the text colour of what is around it: statistics of a dataset.

import { FONT } from './draw-boxes';
import { escapeHtml } from './escape';

export interface BarPanel {
  title: string;
  /** A label below each bar; long lists show some of them. */
  labels: readonly string[];
  values: readonly number[];
}

export interface HeatPanel {
  title: string;
  /** A square grid, row by row. */
  cells: number;
  shares: readonly number[];
}

const PANEL = { width: 300, height: 190, left: 12, right: 12, top: 28, bottom: 34 } as const;
const COLOUR = '#4c78a8';
const LABELS = 8;

const text = (x: number, y: number, content: string, attributes = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="11" fill="currentColor" ${attributes}>${escapeHtml(content)}</text>`;

function bars({ title, labels, values }: BarPanel): string {
  const [width, height] = [PANEL.width - PANEL.left - PANEL.right, PANEL.height - PANEL.top - PANEL.bottom];
  const highest = Math.max(1, ...values);
  const step = width / Math.max(1, values.length);
  const every = Math.ceil(values.length / LABELS);
  const base = PANEL.top + height;
  const parts = values.map((value, i) => {
    const [x, h] = [PANEL.left + i * step, (value / highest) * (height - 14)];
    const bar = `<rect x="${(x + 0.08 * step).toFixed(1)}" y="${(base - h).toFixed(1)}" width="${(0.84 * step).toFixed(1)}" height="${h.toFixed(1)}" fill="${COLOUR}"><title>${escapeHtml(`${labels[i]}: ${value.toLocaleString('en')}`)}</title></rect>`;
    const label = i % every === 0 ? text(x + step / 2, base + 14, labels[i], 'text-anchor="middle" opacity=".75"') : '';
    const count =
      values.length <= 12 && value > 0
        ? text(x + step / 2, base - h - 3, short(value), 'text-anchor="middle" opacity=".75"')
        : '';
    return bar + label + count;
  });
  const axis = `<line x1="${PANEL.left}" y1="${base}" x2="${PANEL.left + width}" y2="${base}" stroke="currentColor" opacity=".4"/>`;
  return text(PANEL.left, 16, title, 'font-weight="600"') + parts.join('') + axis;
}

function heat({ title, cells, shares }: HeatPanel): string {
  const side = PANEL.height - PANEL.top - 12;
  const highest = Math.max(...shares, Number.MIN_VALUE);
  const step = side / cells;
  const squares = shares.map((share, i) => {
    const [x, y] = [PANEL.left + (i % cells) * step, PANEL.top + Math.floor(i / cells) * step];
    const opacity = (share / highest).toFixed(3);
    return `<rect x="${x.toFixed(2)}" y="${y.toFixed(2)}" width="${step.toFixed(2)}" height="${step.toFixed(2)}" fill="${COLOUR}" fill-opacity="${opacity}"><title>${(100 * share).toFixed(2)} %</title></rect>`;
  });
  const frame = `<rect x="${PANEL.left}" y="${PANEL.top}" width="${side}" height="${side}" fill="none" stroke="currentColor" opacity=".4"/>`;
  return text(PANEL.left, 16, title, 'font-weight="600"') + squares.join('') + frame;
}

const short = (n: number): string => (n >= 10_000 ? `${Math.round(n / 1000)}k` : String(n));

/**
 * @param columns panels per row
 * @param colour of texts; by default that of the page
 */
export function panelsSvg(
  panels: readonly (BarPanel | HeatPanel)[],
  { columns = 3, colour = 'currentColor', background }: { columns?: number; colour?: string; background?: string } = {},
): string {
  const [width, height] = [columns * PANEL.width, Math.ceil(panels.length / columns) * PANEL.height];
  const placed = panels.map((panel, i) => {
    const [x, y] = [(i % columns) * PANEL.width, Math.floor(i / columns) * PANEL.height];
    return `<g transform="translate(${x} ${y})">${'shares' in panel ? heat(panel) : bars(panel)}</g>`;
  });
  const sheet = background ? `<rect width="${width}" height="${height}" fill="${background}"/>` : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" style="max-width:100%;height:auto;color:${colour}" font-family="${escapeHtml(FONT)}">${sheet}${placed.join('')}</svg>`;
}
