// A text table for a terminal: cells wrap at spaces, so that every line fits the width.

/** A table whose last column takes the remaining width. */
export interface WrappedTable {
  headings: readonly string[];
  rows: readonly (readonly string[])[];
  /** Maximum width of each column but the last. */
  limits: readonly number[];
  /** Line width in characters. */
  width: number;
}

/** Minimum width of the last column. */
const MIN_WIDTH = 24;
const GAP = 2;

/** @example wrappedTable({ headings: ['name', 'meaning'], rows: [['a', 'long words']], limits: [20], width: 80 }) */
export function wrappedTable({ headings, rows, limits, width }: WrappedTable): string[] {
  const allRows = [headings, ...rows];
  const widths = limits.map((limit, i) => Math.min(limit, Math.max(...allRows.map((row) => row[i].length))));
  const used = widths.reduce((sum, columnWidth) => sum + columnWidth + GAP, 0);
  widths.push(Math.max(MIN_WIDTH, width - used));
  return allRows.flatMap((row) => {
    const cells = row.map((text, i) => wrapped(text, widths[i]));
    return Array.from({ length: Math.max(...cells.map((lines) => lines.length)) }, (_, n) =>
      cells
        .map((lines, i) => (lines[n] ?? '').padEnd(widths[i]))
        .join(' '.repeat(GAP))
        .trimEnd(),
    );
  });
}

/** Text wrapped to `width`, longer words broken; at least one line. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return [...lines, line];
}
