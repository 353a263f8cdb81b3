// CSV files as tables: rows by the names of their columns, with line numbers; separators are commas, semicolons or tabs.

import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { DetLabError } from '../../errors';
import { LIMITS } from '../loading/bounded-read';
import { readText } from './place';
import type { ReadReport } from './read-report';

export interface TableRow {
  fields: Record<string, string>;
  cells: string[];
  /** Line of the file, from 1. */
  number: number;
}

export interface CsvTable {
  columns: string[];
  rows: TableRow[];
}

/** The separator of a line: what it has most of. */
export function separatorOf(line: string): string {
  const counts = [',', ';', '\t'].map((separator) => line.split(separator).length);
  return [',', ';', '\t'][counts.indexOf(Math.max(...counts))];
}

/**
 * @param columns of a file whose first line is no header
 * @throws DetLabError for a file that is no CSV, with the line
 */
export async function readTable(file: string, report: ReadReport, columns?: readonly string[]): Promise<CsvTable> {
  const text = await readText(file, report, LIMITS.json);
  const [first = ''] = text.split(/\r?\n/, 1);
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, {
      bom: true,
      delimiter: separatorOf(first),
      info: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as typeof records;
  } catch (error) {
    throw new DetLabError(`Cannot read "${file}" as CSV: ${(error as Error).message}`);
  }
  const header = columns ?? records.shift()?.record ?? [];
  const names = header.map((name) => name.trim());
  const uneven = records.find(({ record }) => record.length < names.length);
  if (uneven)
    report.problem(
      'bad-annotation',
      file,
      `Line ${uneven.info.lines} of "${file}"`,
      `has ${uneven.record.length} fields, the first line of "${path.basename(file)}" ${names.length}; what is missing is empty`,
      'nothing',
    );
  return {
    columns: [...names],
    rows: records.map(({ record, info }) => ({
      cells: record,
      fields: Object.fromEntries(names.map((name, i) => [name, record[i] ?? ''])),
      number: info.lines,
    })),
  };
}
