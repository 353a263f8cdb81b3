// A table for notebooks, terminals and Markdown files: text/html, text/plain and text/markdown from one description.

import type { MimeBundle } from './display';
import { escapeHtml, escapeMarkdown } from './escape';

export interface Column {
  title: string;
  /** Default left; right for numbers. */
  align?: 'left' | 'right';
}

export interface Table {
  title?: string;
  columns: Column[];
  /** Cells are plain text. */
  rows: string[][];
  /** Indices of bold rows: totals, the best one. */
  strong?: number[];
  /** Below the table; a paragraph, or lines. */
  note?: string;
  /** Bars below the texts of a column, 0 to 1 by row; only where tables have colours. */
  bars?: { column: number; values: readonly number[] };
}

const width = (text: string) => [...text].length;

export function tableText({ title, columns, rows, note }: Table): string {
  const widths = columns.map((c, i) => Math.max(width(c.title), ...rows.map((row) => width(row[i] ?? ''))));
  const pad = (text: string, i: number) => {
    const blanks = ' '.repeat(widths[i] - width(text));
    return columns[i].align === 'right' ? blanks + text : text + blanks;
  };
  const line = (cells: string[]) =>
    columns
      .map((_, i) => pad(cells[i] ?? '', i))
      .join('  ')
      .trimEnd();
  return [
    ...(title ? [title] : []),
    line(columns.map((c) => c.title)),
    widths.map((w) => '-'.repeat(w)).join('  '),
    ...rows.map(line),
    ...(note ? [note] : []),
  ].join('\n');
}

export function tableHtml({ title, columns, rows, strong = [], note, bars }: Table): string {
  // headings and long lists may wrap, so that a wide table fits the page
  const style = (tag: string, i: number, text: string) =>
    `text-align:${columns[i].align ?? 'left'};padding:3px 8px;font-variant-numeric:tabular-nums${tag === 'th' || (text.length > 28 && text.includes(', ')) ? '' : ';white-space:nowrap'}`;
  const bar = (i: number, r: number) => {
    const share = i === bars?.column ? (bars.values[r] ?? 0) : 0;
    const end = `${(100 * Math.min(1, share)).toFixed(1)}%`;
    return share > 0 ? `;min-width:120px;background:linear-gradient(90deg,#e6194b66 ${end},transparent ${end})` : '';
  };
  const cell = (tag: string, text: string, i: number, bold: boolean, r = -1) =>
    `<${tag} align="${columns[i].align ?? 'left'}" style="${style(tag, i, text)}${bold ? ';font-weight:600' : ''}${bar(i, r)}">${escapeHtml(text)}</${tag}>`;
  const head = columns.map((c, i) => cell('th', c.title, i, true)).join('');
  const body = rows
    .map((row, r) => `<tr>${columns.map((_, i) => cell('td', row[i] ?? '', i, strong.includes(r), r)).join('')}</tr>`)
    .join('\n');
  const caption = title
    ? `<caption style="caption-side:top;text-align:left;font-weight:600;padding:4px 8px">${escapeHtml(title)}</caption>`
    : '';
  const below = note ? `\n<p style="margin:2px 8px;opacity:.75">${escapeHtml(note).replaceAll('\n', '<br>')}</p>` : '';
  return `<table style="border-collapse:collapse;margin:4px 0">${caption}<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody></table>${below}`;
}

export function tableMarkdown({ title, columns, rows, strong = [], note }: Table): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const bold = (text: string, r: number) => (strong.includes(r) && text !== '' ? `**${text}**` : text);
  return [
    ...(title ? [`**${escapeMarkdown(title)}**`, ''] : []),
    line(columns.map((c) => escapeMarkdown(c.title))),
    line(columns.map((c) => (c.align === 'right' ? '---:' : '---'))),
    ...rows.map((row, r) => line(columns.map((_, i) => bold(escapeMarkdown(row[i] ?? ''), r)))),
    ...(note ? ['', note.split('\n').map(escapeMarkdown).join('  \n')] : []),
  ].join('\n');
}

/** One bundle of several tables, one below the other. */
export function tablesBundle(...tables: Table[]): MimeBundle {
  return {
    'text/html': tables.map(tableHtml).join('\n'),
    'text/markdown': tables.map(tableMarkdown).join('\n\n'),
    'text/plain': tables.map(tableText).join('\n\n'),
  };
}
