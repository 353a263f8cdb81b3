// A table as SVG, black on white: for files that are put into papers and slides. Bars are drawn at the right.

import { FONT } from './draw-boxes';
import { escapeHtml } from './escape';
import type { Table } from './table';

const ROW = 24;
const FONT_SIZE = 13;
/** Of one letter, on average. */
const LETTER = 7.4;
const GAP = 18;

export function tableSvg({ title, columns, rows, strong = [], note, bars }: Table): string {
  const texts = [columns.map((column) => column.title), ...rows];
  const widths = columns.map((_, c) => Math.max(...texts.map((row) => LETTER * [...(row[c] ?? '')].length)));
  const lefts = widths.map((_, c) => GAP / 2 + widths.slice(0, c).reduce((sum, w) => sum + w + GAP, 0));
  const end = (lefts.at(-1) ?? 0) + (widths.at(-1) ?? 0) + GAP;
  const barWidth = bars ? 180 : 0;
  const lines = note === undefined ? [] : wrapped(note, Math.max(40, (end + barWidth) / (LETTER * 0.85)));
  const top = title === undefined ? 6 : 34;
  const height = top + texts.length * ROW + 8 + lines.length * 17;
  const width = Math.max(end + barWidth, LETTER * 1.05 * (title?.length ?? 0) + GAP);
  const text = (content: string, x: number, y: number, more = '') =>
    `<text x="${round(x)}" y="${round(y)}" ${more}>${escapeHtml(content)}</text>`;
  const cells = texts.flatMap((row, r) =>
    row.map((content, c) => {
      const isRight = columns[c]?.align === 'right';
      const bold = r === 0 || strong.includes(r - 1) ? ' font-weight="600"' : '';
      const x = isRight ? lefts[c] + widths[c] : lefts[c];
      return text(content, x, top + r * ROW + 17, `${isRight ? 'text-anchor="end"' : ''}${bold}`);
    }),
  );
  const drawn = (bars?.values ?? []).map((share, r) =>
    share > 0
      ? `<rect x="${round(end)}" y="${top + (r + 1) * ROW + 6}" width="${round(Math.min(1, share) * (barWidth - GAP))}" height="13" fill="#e6194b" fill-opacity=".75"/>`
      : '',
  );
  const rule = `<path d="M0 ${top + ROW}H${round(width)}" stroke="#bbb"/>`;
  const below = lines.map((line, i) =>
    text(line, GAP / 2, top + texts.length * ROW + 20 + 17 * i, 'fill="#666" font-size="11"'),
  );
  const head = title === undefined ? '' : text(title, GAP / 2, 22, 'font-weight="600" font-size="14"');
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${height}" font-family='${FONT}' font-size="${FONT_SIZE}" fill="#222">` +
    `<rect width="100%" height="100%" fill="white"/>${head}${rule}${cells.join('')}${drawn.join('')}${below.join('')}</svg>`
  );
}

const round = (v: number): number => Math.round(v * 10) / 10;

function wrapped(text: string, length: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== '' && last.length + word.length + 1 > length) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
