// The tables of a profile: where the time goes, by kernel, by operator, by module, and the copies between types.

import type { ProfileSummary } from '../analysis/profile-summary';
import type { Table } from '../visualization/table';

export interface ProfileLimits {
  /** Rows of kernels, operators and copies; the rest is one row. */
  rows: number;
  /** Of modules inside modules; the model itself is 0. */
  depth: number;
}

const ms = (value: number) => value.toFixed(2);
const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const right = (...titles: string[]) => titles.map((title) => ({ title, align: 'right' as const }));

/** In the order in which they are shown; without those that have no rows. */
export function profileTables(numbers: ProfileSummary, limits: ProfileLimits, title: string, note: string): Table[] {
  const tables = [
    partsTable(numbers, title, note),
    kernelTable(numbers, limits),
    moduleTable(numbers, limits),
    operatorTable(numbers, limits),
    copyTable(numbers, limits),
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

function partsTable(
  { milliseconds, javascript, kernels, modules }: ProfileSummary,
  title: string,
  note: string,
): Table {
  const outside = modules.find(({ path }) => path === undefined)?.forward ?? 0;
  const of = (kind: string) => kernels.reduce((sum, row) => sum + (row.kind === kind ? row.milliseconds : 0), 0);
  const hasModules = modules.some(({ path }) => path !== undefined);
  const parts: [name: string, time: number][] = hasModules
    ? [
        ['kernels, forward', of('call') - outside],
        ['kernels, backward', of('node')],
        ['kernels outside of the model', outside],
      ]
    : [
        ['kernels', of('call')],
        ['kernels, backward', of('node')],
      ];
  const shown = [...parts.filter(([, time]) => time > 0), ['JavaScript', javascript] as [string, number]];
  const share = (time: number) => (milliseconds > 0 ? time / milliseconds : 0);
  return {
    title,
    columns: [{ title: 'where the time goes' }, ...right('ms', 'share')],
    rows: [
      ...shown.map(([name, time]) => [name, ms(time), percent(share(time))]),
      ['total', ms(milliseconds), percent(1)],
    ],
    strong: [shown.length],
    note,
    bars: { column: 0, values: shown.map(([, time]) => share(time)) },
  };
}

/** The first rows, and one for all others. */
function limited<T>(rows: readonly T[], limit: number, text: (row: T) => string[], rest: (rows: T[]) => string[]) {
  const shown = rows.length > limit + 1 ? rows.slice(0, limit) : rows;
  const others = rows.slice(shown.length);
  return [...shown.map(text), ...(others.length > 0 ? [rest(others)] : [])];
}

const total = <T>(rows: readonly T[], of: (row: T) => number) => rows.reduce((sum, row) => sum + of(row), 0);

function kernelTable({ kernels }: ProfileSummary, { rows }: ProfileLimits): Table {
  const hasNodes = kernels.some(({ kind }) => kind === 'node');
  const kind = (text: string) => (hasNodes ? [text] : []);
  return {
    title: 'By kernel',
    columns: [
      { title: 'kernel' },
      ...kind('kind').map((title) => ({ title })),
      ...right('calls', 'ms', 'share', 'ms per call'),
    ],
    rows: limited(
      kernels,
      rows,
      (row) => [
        row.name,
        ...kind(row.kind === 'node' ? 'backward node' : 'call'),
        String(row.calls),
        ms(row.milliseconds),
        percent(row.share),
        row.perCall.toFixed(3),
      ],
      (others) => [
        `${others.length} others`,
        ...kind(''),
        String(total(others, ({ calls }) => calls)),
        ms(total(others, ({ milliseconds }) => milliseconds)),
        percent(total(others, ({ share }) => share)),
        '',
      ],
    ),
    bars: { column: 0, values: kernels.slice(0, rows).map(({ share }) => share) },
  };
}

function operatorTable({ operators }: ProfileSummary, { rows }: ProfileLimits): Table {
  return {
    title: 'By operator',
    columns: [{ title: 'operator' }, ...right('calls', 'ms', 'share', 'ms with those inside')],
    rows: limited(
      operators,
      rows,
      ({ name, calls, self, share, total: inclusive }) => [
        name,
        String(calls),
        ms(self),
        percent(share),
        ms(inclusive),
      ],
      (others) => [
        `${others.length} others`,
        String(total(others, ({ calls }) => calls)),
        ms(total(others, ({ self }) => self)),
        percent(total(others, ({ share }) => share)),
        '',
      ],
    ),
    bars: { column: 0, values: operators.slice(0, rows).map(({ share }) => share) },
  };
}

function moduleTable({ modules }: ProfileSummary, { depth }: ProfileLimits): Table {
  const inModel = modules.filter(({ path }) => path !== undefined);
  const shown = modules.filter((row) => row.depth <= depth && row.forward + row.backward > 0);
  const hasBackward = inModel.some(({ backward }) => backward > 0);
  const names = inModel.map(({ path }) => path ?? '');
  return {
    title: 'By module',
    columns: [{ title: 'module' }, ...right('forward ms', ...(hasBackward ? ['backward ms'] : []), 'share')],
    // no-break spaces, which HTML keeps
    rows: (inModel.length > 0 ? shown : []).map((row) => [
      row.path === undefined ? 'outside of the model' : '\u00a0\u00a0'.repeat(row.depth) + nameWithin(row.path, names),
      ms(row.forward),
      ...(hasBackward ? [ms(row.backward)] : []),
      percent(row.share),
    ]),
    bars: { column: 0, values: shown.map(({ share }) => share) },
  };
}

/** What a path adds to that of the nearest module around it. */
function nameWithin(path: string, names: readonly string[]): string {
  if (path === '') return 'model';
  const around = names.filter((name) => name !== '' && path.startsWith(`${name}.`));
  const longest = around.reduce((length, name) => Math.max(length, name.length + 1), 0);
  return path.slice(longest);
}

function copyTable({ copies }: ProfileSummary, { rows }: ProfileLimits): Table {
  return {
    title: 'Conversions and copies',
    columns: [{ title: 'from' }, { title: 'to' }, ...right('copies', 'million values', 'ms', 'share')],
    rows: limited(
      copies,
      rows,
      ({ from, to, calls, values, milliseconds, share }) => [
        from,
        from === to ? `${to} (another layout or place)` : to,
        String(calls),
        (values / 1e6).toFixed(2),
        ms(milliseconds),
        percent(share),
      ],
      (others) => [
        `${others.length} others`,
        '',
        String(total(others, ({ calls }) => calls)),
        (total(others, ({ values }) => values) / 1e6).toFixed(2),
        ms(total(others, ({ milliseconds }) => milliseconds)),
        percent(total(others, ({ share }) => share)),
      ],
    ),
  };
}
