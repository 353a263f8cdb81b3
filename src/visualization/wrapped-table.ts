// A table of words for a terminal: cells break at blanks, so that every line fits the width.

/** Columns that must not take more than this of the width, by their place; the last takes what is left. */
export interface WrappedTable {
  headings: readonly string[];
  rows: readonly (readonly string[])[];
  /** Widest each column but the last may get. */
  limits: readonly number[];
  /** Characters a line has. */
  width: number;
}

const LEAST = 24;
const GAP = 2;

/** @example wrappedTable({ headings: ['name', 'meaning'], rows: [['a', 'long words']], limits: [20], width: 80 }) */
export function wrappedTable({ headings, rows, limits, width }: WrappedTable): string[] {
  const all = [headings, ...rows];
  const widths = limits.map((limit, i) => Math.min(limit, Math.max(...all.map((row) => row[i].length))));
  const taken = widths.reduce((sum, own) => sum + own + GAP, 0);
  widths.push(Math.max(LEAST, width - taken));
  return all.flatMap((row) => {
    const cells = row.map((text, i) => wrapped(text, widths[i]));
    return Array.from({ length: Math.max(...cells.map((lines) => lines.length)) }, (_, n) =>
      cells
        .map((lines, i) => (lines[n] ?? '').padEnd(widths[i]))
        .join(' '.repeat(GAP))
        .trimEnd(),
    );
  });
}

/** Text in lines of `width`; a word that is longer is cut. At least one line. */
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
