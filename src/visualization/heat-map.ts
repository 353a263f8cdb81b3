// A matrix as a table of coloured cells in HTML, light and dark, and as SVG: the diagonal in one colour, the rest in another.

import { FONT } from './draw-boxes';
import { escapeHtml } from './escape';

export interface HeatMap {
  title: string;
  /** What rows and columns are: "truth", "detection". */
  axes: readonly [rows: string, columns: string];
  /** Names of rows and columns, equally many. */
  names: readonly string[];
  /** Text of a cell; empty for nothing. */
  text(row: number, column: number): string;
  /** 0 to 1: how much of its colour a cell has. */
  weight(row: number, column: number): number;
  /** What the pointer sees. */
  hint(row: number, column: number): string;
  note?: string;
}

const COLORS = { right: [47, 179, 68], wrong: [230, 25, 75] } as const;
/** From how many names on columns are named vertically. */
const VERTICAL = 7;

const colorOf = (row: number, column: number): readonly number[] => (row === column ? COLORS.right : COLORS.wrong);
/** Text stays legible on it, black or white. */
const alphaOf = (weight: number): number => (weight > 0 ? 0.08 + 0.62 * Math.min(1, weight) : 0);

export const HEAT_STYLE = `
.detlab-heat{border-collapse:collapse;margin:4px 0;font-variant-numeric:tabular-nums}
.detlab-heat caption{caption-side:top;text-align:left;font-weight:600;padding:4px 0;white-space:nowrap}
.detlab-heat td,.detlab-heat th{padding:3px 7px;text-align:right;white-space:nowrap;border:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.detlab-heat td{background:rgb(var(--c,230 25 75)/var(--a,0));min-width:2.2em}
.detlab-heat th{font-weight:600;background:transparent}
.detlab-heat th.v{writing-mode:vertical-rl;transform:rotate(180deg);text-align:left;padding:7px 3px}
.detlab-heat td[data-n]{cursor:pointer}
.detlab-heat td[data-n]:hover,.detlab-heat td[data-n]:focus-visible{outline:2px solid #0a84ff;outline-offset:-2px}
.detlab-heat td[aria-selected=true]{outline:3px solid #0a84ff;outline-offset:-3px}
.detlab-heat .x{opacity:.65;font-weight:400}`;

/** The table; cells with a text have `data-r` and `data-c` for scripts. */
export function heatMapHtml({ title, axes, names, text, weight, hint, note }: HeatMap): string {
  const vertical = names.length > VERTICAL ? ' class="v"' : '';
  const head = names.map((name) => `<th scope="col"${vertical}>${escapeHtml(name)}</th>`).join('');
  const rows = names.map((name, r) => {
    const cells = names.map((_, c) => {
      const content = text(r, c);
      if (content === '') return '<td></td>';
      const alpha = alphaOf(weight(r, c)).toFixed(2);
      const color = r === c ? `;--c:${COLORS.right.join(' ')}` : '';
      return `<td data-n data-r="${r}" data-c="${c}" title="${escapeHtml(hint(r, c))}" style="--a:${alpha}${color}">${escapeHtml(content)}</td>`;
    });
    return `<tr><th scope="row">${escapeHtml(name)}</th>${cells.join('')}</tr>`;
  });
  const corner = `<th class="x">${escapeHtml(axes[0])} ↓ ${escapeHtml(axes[1])} →</th>`;
  return (
    `<style>${HEAT_STYLE}</style><div style="overflow:auto;max-height:720px"><table class="detlab-heat">` +
    `<caption>${escapeHtml(title)}</caption><thead><tr>${corner}${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>` +
    (note === undefined ? '' : `<p style="margin:2px 0;opacity:.75">${escapeHtml(note)}</p>`)
  );
}

export function heatMapSvg({ title, axes, names, text, weight }: HeatMap): string {
  const texts = names.flatMap((_, r) => names.map((__, c) => text(r, c)));
  const cell = Math.max(26, 10 + 7.5 * Math.max(...texts.map((t) => t.length)));
  const row = 26;
  const left = 18 + 7.6 * Math.max(axes[0].length + 2, ...names.map((name) => [...name].length));
  const top = 46 + 6.2 * Math.max(...names.map((name) => [...name].length));
  const right = 5 * Math.max(...names.map((name) => [...name].length));
  const [width, height] = [
    Math.max(left + cell * names.length + right, 7.8 * title.length + 20),
    top + row * names.length + 12,
  ];
  const cells = names.flatMap((_, r) =>
    names.map((__, c) => {
      const [x, y] = [left + c * cell, top + r * row];
      const fill = `rgb(${colorOf(r, c).join(',')})`;
      const label = `<text x="${x + cell / 2}" y="${y + 17}" text-anchor="middle">${escapeHtml(text(r, c))}</text>`;
      return `<rect x="${x}" y="${y}" width="${cell}" height="${row}" fill="${fill}" fill-opacity="${alphaOf(weight(r, c)).toFixed(2)}" stroke="#ddd"/>${label}`;
    }),
  );
  const rows = names.map(
    (name, r) =>
      `<text x="${left - 8}" y="${top + r * row + 17}" text-anchor="end" font-weight="600">${escapeHtml(name)}</text>`,
  );
  const columns = names.map((name, c) => {
    const [x, y] = [left + c * cell + cell / 2, top - 8];
    return `<text x="${x}" y="${y}" transform="rotate(-45 ${x} ${y})" font-weight="600">${escapeHtml(name)}</text>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="${Math.ceil(height)}" font-family='${FONT}' font-size="12" fill="#222">` +
    `<rect width="100%" height="100%" fill="white"/><text x="10" y="20" font-size="14" font-weight="600">${escapeHtml(title)}</text>` +
    `<text x="10" y="${top - 8}" fill="#666">${escapeHtml(axes[0])} ↓ ${escapeHtml(axes[1])} →</text>${rows.join('')}${columns.join('')}${cells.join('')}</svg>`
  );
}
