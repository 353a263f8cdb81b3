// What a table can be saved as.

import { sheetBytes } from './image-figure';
import { csvText, type Formats } from './savable';
import { type Table, tableHtml, tableText } from './table';
import { tableSvg } from './table-svg';

/** The texts of a table as CSV. */
export const tableCsv = ({ columns, rows }: Table): string =>
  csvText(
    columns.map(({ title }) => title),
    rows,
  );

/**
 * The formats of tables, of which images and CSV hold the first.
 *
 * @param json what `.json` holds
 */
export function tableFormats(json: unknown, ...tables: readonly [Table, ...Table[]]): Formats {
  const svg = () => tableSvg(tables[0]);
  return {
    html: () => tables.map(tableHtml).join('\n'),
    csv: () => tableCsv(tables[0]),
    json: () => json,
    svg,
    png: () => sheetBytes(svg(), 'png'),
    txt: () => `${tables.map(tableText).join('\n\n')}\n`,
  };
}
