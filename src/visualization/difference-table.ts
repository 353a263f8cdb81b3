// Differences between two detectors with their intervals, as a table; in HTML each interval is drawn beside its numbers.

import { escapeHtml } from './escape';
import { type Table, tableText } from './table';

export interface DifferenceRow {
  label: string;
  /** Of the two, in the order of the title. */
  values: readonly [number, number];
  difference: number;
  interval?: { low: number; high: number };
  verdict: string;
}

export interface DifferenceTable {
  /** The two names: the first is what the second is compared with. */
  names: readonly [string, string];
  /** In bold: the metrics of all classes. */
  metrics: readonly DifferenceRow[];
  classes: readonly DifferenceRow[];
  note: string;
}

const plain = (value: number): string => (value < 0 || Number.isNaN(value) ? '–' : value.toFixed(3));
/** `+0.012`, with a true minus sign. */
export const signed = (value: number): string =>
  Number.isNaN(value) ? '–' : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
export const intervalText = (interval: DifferenceRow['interval']): string =>
  interval ? `${signed(interval.low)} to ${signed(interval.high)}` : '–';

export function differenceTable({ names, metrics, classes, note }: DifferenceTable): Table {
  const titles = ['', ...names, 'difference', '95% interval', 'verdict'];
  return {
    title: `${names[1]} compared with ${names[0]}`,
    columns: titles.map((title, i) => ({ title, align: i > 0 && i < 5 ? ('right' as const) : ('left' as const) })),
    rows: [...metrics, ...classes].map(({ label, values, difference, interval, verdict }) => [
      label,
      ...values.map(plain),
      signed(difference),
      intervalText(interval),
      verdict,
    ]),
    strong: metrics.map((_, i) => i),
    note,
  };
}

export const differenceText = (table: DifferenceTable): string => tableText(differenceTable(table));

const COLOURS: Record<string, string> = { better: '#2fb344', worse: '#e6194b' };

export function differenceHtml(given: DifferenceTable): string {
  const { title, columns, rows, note = '' } = differenceTable(given);
  const all = [...given.metrics, ...given.classes];
  const ends = all.flatMap(({ difference, interval }) => [difference, interval?.low, interval?.high]);
  const widest = Math.max(0.01, ...ends.map((value) => Math.abs(value ?? 0)).filter(Number.isFinite));
  const style = (i: number) =>
    `text-align:${columns[i].align};padding:3px 8px;font-variant-numeric:tabular-nums;white-space:nowrap`;
  const cell = (tag: string, text: string, i: number) => `<${tag} style="${style(i)}">${escapeHtml(text)}</${tag}>`;
  const drawnAt = 5; // before the verdict
  const cells = (row: string[], tag: string, drawn: string) =>
    row.map((text, i) => (i === drawnAt ? drawn : '') + cell(tag, text, i)).join('');
  const head = cells(
    columns.map((column) => column.title),
    'th',
    '<th></th>',
  );
  const body = rows.map((row, r) => {
    const bold = r < given.metrics.length ? ' style="font-weight:600"' : '';
    return `<tr${bold}>${cells(row, 'td', `<td>${drawnInterval(all[r], widest)}</td>`)}</tr>`;
  });
  return `<div style="overflow-x:auto"><table style="border-collapse:collapse;margin:4px 0"><caption style="caption-side:top;text-align:left;font-weight:600;padding:4px 8px">${escapeHtml(title ?? '')}</caption><thead><tr>${head}</tr></thead>
<tbody>${body.join('\n')}</tbody></table></div>
<p style="margin:2px 8px;opacity:.75">${escapeHtml(note)}</p>`;
}

/** The interval on an axis from -widest to +widest, with zero in the middle. */
function drawnInterval({ difference, interval, verdict }: DifferenceRow, widest: number): string {
  if (!interval) return '';
  const x = (value: number) => (80 + (value / widest) * 72).toFixed(1);
  const colour = COLOURS[verdict] ?? 'currentColor';
  return `<svg width="160" height="16" viewBox="0 0 160 16" aria-hidden="true"><path d="M80 0V16" stroke="currentColor" stroke-opacity="0.35"/><path d="M${x(interval.low)} 8H${x(interval.high)}" stroke="${colour}" stroke-width="3" stroke-opacity="0.75"/><circle cx="${x(difference)}" cy="8" r="4" fill="${colour}"/></svg>`;
}
