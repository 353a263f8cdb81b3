// Arrays, sets and maps of plain objects as a table: columns in order of first appearance, numbers right-aligned, long
// tables as head and tail with the number of rows.

import { types } from 'node:util';
import { type Table, tableHtml, tableText } from '../../../src/visualization/table';
import type { Shown } from './bundle';
import { shortText } from './text';

type Row = Record<string, unknown>;

const MAX_ROWS = 50;
const HEAD = 20;
const TAIL = 10;
const MAX_COLUMNS = 24;
/** Rows that decide whether a value is a table, and which columns it has. */
const SAMPLE = 2000;
const MAX_CELL = 80;

function isPlain(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return false;
  return !Array.isArray(value) && !(Symbol.for('Jupyter.display') in value) && !('dataId' in value);
}

const isScalar = (value: unknown) =>
  value === null || (typeof value !== 'object' && typeof value !== 'function') || value instanceof Date;

/** A property's value; accessors are not called. */
function read(row: Row, key: string): unknown {
  const property = Object.getOwnPropertyDescriptor(row, key);
  return property && ('value' in property ? property.value : '[Getter]');
}

function cellText(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  return shortText(value, MAX_CELL);
}

interface Listing {
  count: number;
  row(i: number): Row;
  label(i: number): string;
}

/** The value as rows; undefined when it is not a table. */
function listing(value: object): Listing | undefined {
  let rows: readonly unknown[];
  let keys: unknown[] | undefined;
  if (Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype) {
    rows = value;
  } else if (value instanceof Set) {
    rows = [...value];
  } else if (value instanceof Map) {
    rows = [...value.values()];
    keys = [...value.keys()];
  } else return undefined;
  if (rows.length === 0) return undefined;
  for (let i = 0; i < rows.length; i = i === SAMPLE ? Math.max(i + 1, rows.length - TAIL) : i + 1)
    if (!isPlain(rows[i])) return undefined;
  return {
    count: rows.length,
    row: (i) => rows[i] as Row,
    label: (i) => (keys ? cellText(keys[i]) : String(i)),
  };
}

/** Undefined unless the value is an array, set or map of plain objects whose properties are mostly scalars. */
export function tableShown(value: object): Shown | undefined {
  const list = listing(value);
  if (!list) return undefined;
  const { count } = list;
  const columns = new Set<string>();
  let [cells, scalars] = [0, 0];
  for (let i = 0; i < Math.min(count, SAMPLE); i++) {
    for (const key of Object.keys(list.row(i))) {
      columns.add(key);
      cells++;
      if (isScalar(read(list.row(i), key))) scalars++;
    }
  }
  if (columns.size === 0 || 2 * scalars < cells) return undefined;
  const all = [...columns];
  const names = all.slice(0, all.length > MAX_COLUMNS ? MAX_COLUMNS - 1 : MAX_COLUMNS);
  const more = all.length > names.length;
  const whole = count <= MAX_ROWS;
  const indices = whole
    ? Array.from({ length: count }, (_, i) => i)
    : Array.from({ length: HEAD + TAIL }, (_, i) => (i < HEAD ? i : count - TAIL - HEAD + i));
  const isNumeric = (name: string) =>
    indices.every(
      (i) =>
        ['number', 'bigint', 'undefined'].includes(typeof read(list.row(i), name)) || read(list.row(i), name) === null,
    );
  const rows = indices.map((i) => [
    list.label(i),
    ...names.map((name) => cellText(read(list.row(i), name))),
    ...(more ? ['…'] : []),
  ]);
  if (!whole) rows.splice(HEAD, 0, ['…', ...names.map(() => '…'), ...(more ? ['…'] : [])]);
  const table: Table = {
    columns: [
      { title: '', align: value instanceof Map ? 'left' : 'right' },
      ...names.map((name) => ({
        title: shortText(name, 40),
        align: isNumeric(name) ? ('right' as const) : ('left' as const),
      })),
      ...(more ? [{ title: '…' }] : []),
    ],
    rows,
    note:
      whole && !more ? undefined : `${count.toLocaleString('en')} rows × ${all.length.toLocaleString('en')} columns`,
  };
  return { data: { 'text/html': tableHtml(table), 'text/plain': tableText(table) }, metadata: {} };
}
