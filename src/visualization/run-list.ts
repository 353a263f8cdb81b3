// Runs read back from folders: a table that is sorted by a click, with their curves in small, and one chart of all.

import { metricText } from './ap-table';
import { chartConfig, sparkline } from './chart';
import { escapeHtml } from './escape';
import { interactiveHtml } from './interactive';
import { colourOf } from './palette';
import type { Table } from './table';

/** One run. */
export interface ListedRun {
  name: string;
  recipe?: string;
  status: string;
  /** Milliseconds since 1970. */
  when: number;
  unit: 'epoch' | 'iteration';
  done: number;
  total?: number;
  /** Of the last evaluation, by the names of the chart. */
  metrics: Record<string, number>;
  best?: { at: number; value: number };
  checkpoint?: string;
  /** Values of the settings that differ, in the order of `settings`. */
  settings: (string | undefined)[];
  evaluations: { at: number; metrics: Record<string, number> }[];
  losses: { at: number; loss: number }[];
}

export interface RunListData {
  title: string;
  runs: readonly ListedRun[];
  /** Paths of the config in which they differ. */
  settings: readonly string[];
  note: string;
}

const SHOWN_SETTINGS = 6;
const LONGEST = 28;

/** `2026-11-30 09:05`, local time. */
function timeText(milliseconds: number): string {
  const t = new Date(milliseconds);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}`;
}

const shortened = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`);

const metricNames = (runs: readonly ListedRun[]): string[] =>
  ['AP', 'AP50', 'AP75'].filter((name) => runs.some(({ metrics }) => name in metrics));

/** What the small curve of a run is of: AP where there are two evaluations, its loss else. */
function smallCurve({ evaluations, losses }: ListedRun): number[] {
  const values = evaluations.map(({ metrics }) => metrics.AP).filter((value) => value !== undefined);
  return values.length >= 2 ? values : losses.map(({ loss }) => loss);
}

interface Cell {
  text: string;
  value?: number;
}

function cellsOf(run: ListedRun, names: readonly string[]): Cell[] {
  const { name, recipe = '', status, when, unit, done, total, metrics, best, checkpoint = '–', settings } = run;
  return [
    { text: name },
    { text: recipe === name ? '' : recipe },
    ...settings.slice(0, SHOWN_SETTINGS).map((value) => ({ text: shortened(settingText(value)) })),
    ...names.map((metric) => ({ text: metricText(metrics[metric]), value: metrics[metric] })),
    {
      text: best ? `${metricText(best.value)} at ${unit} ${best.at}` : '–',
      value: best?.value,
    },
    { text: `${done}${total === undefined ? '' : ` of ${total}`} ${unit}s`, value: done },
    { text: status },
    { text: timeText(when), value: when },
    { text: checkpoint },
  ];
}

/** Of modules, their types: the config has the rest. */
function settingText(value: string | undefined): string {
  if (value === undefined) return '–';
  const parsed: unknown = JSON.parse(value);
  const types = [parsed].flat().map((one) => (one as { type?: unknown } | null)?.type);
  if (types.length > 0 && types.every((type) => typeof type === 'string')) return types.join(' + ');
  return typeof parsed === 'string' ? parsed : value;
}

function titlesOf({ settings, runs }: RunListData): { title: string; right: boolean }[] {
  const left = (title: string) => ({ title, right: false });
  const right = (title: string) => ({ title, right: true });
  return [
    left('run'),
    left('recipe'),
    ...settings.slice(0, SHOWN_SETTINGS).map((path) => left(path)),
    ...metricNames(runs).map(right),
    right('best'),
    right('done'),
    left('status'),
    left('last written'),
    left('checkpoint'),
  ];
}

const notes = ({ settings, note }: RunListData): string => {
  const more = settings.slice(SHOWN_SETTINGS);
  const hidden =
    more.length > 0 ? [`they also differ in ${more.slice(0, 12).join(', ')}${more.length > 12 ? ', ...' : ''}`] : [];
  return [...hidden, ...(note === '' ? [] : [note])].join('; ');
};

export function runTable(data: RunListData): Table {
  const names = metricNames(data.runs);
  const columns = titlesOf(data);
  const at = columns.findIndex(({ title }) => title === 'done');
  const withCurve = <T>(list: T[], curve: T) => [...list.slice(0, at), curve, ...list.slice(at)];
  return {
    title: data.title,
    columns: withCurve(columns, { title: 'curve', right: false }).map(({ title, right }) => ({
      title,
      align: right ? ('right' as const) : ('left' as const),
    })),
    rows: data.runs.map((run) =>
      withCurve(
        cellsOf(run, names).map(({ text }) => text),
        sparkline(smallCurve(run), 16),
      ),
    ),
    note: notes(data),
  };
}

/** The table, sorted by a click on a title; below it the chart, if given. */
export function runListHtml(data: RunListData, chart = ''): string {
  const names = metricNames(data.runs);
  const columns = titlesOf(data);
  const at = columns.findIndex(({ title }) => title === 'done');
  const style = (right: boolean) =>
    `text-align:${right ? 'right' : 'left'};padding:3px 8px;white-space:nowrap;font-variant-numeric:tabular-nums`;
  // a path of the config may be broken at its dots
  const heading = (title: string) => escapeHtml(title).replaceAll('.', '.<wbr>');
  const head = columns.map(
    ({ title, right }) => `<th style="${style(right).replace('nowrap', 'normal')}">${heading(title)}</th>`,
  );
  head.splice(at, 0, '<th>curve</th>');
  const rows = data.runs.map((run, r) => {
    const cells = cellsOf(run, names).map(({ text, value }, i) => {
      const sorted = value === undefined ? '' : ` data-value="${value}"`;
      const swatch = i === 0 ? `<span style="${swatchStyle(r)}"></span>` : '';
      return `<td style="${style(columns[i].right)}"${sorted}>${swatch}${escapeHtml(text)}</td>`;
    });
    cells.splice(at, 0, `<td>${curveSvg(smallCurve(run))}</td>`);
    return `<tr>${cells.join('')}</tr>`;
  });
  const body = `<div style="overflow-x:auto"><table class="detlab-sortable" style="border-collapse:collapse;margin:4px 0"><caption style="caption-side:top;text-align:left;font-weight:600;padding:4px 8px">${escapeHtml(data.title)}</caption><thead><tr>${head.join('')}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>
<p style="margin:2px 8px;opacity:.75">${escapeHtml(notes(data))}</p>
${chart}`;
  return interactiveHtml({ body, data: null, scripts: ['sortable'], entry: 'makeTablesSortable' });
}

const swatchStyle = (r: number): string =>
  `display:inline-block;width:.8em;height:.8em;margin-right:.5em;background:${colourOf(r)}`;

/** A curve of 90 x 20 pixels between its lowest and highest value. */
function curveSvg(values: readonly number[]): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return '';
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const x = (i: number) => ((i / (finite.length - 1)) * 88 + 1).toFixed(1);
  const y = (value: number) => (18 - ((value - low) / (high - low || 1)) * 16).toFixed(1);
  const points = finite.map((value, i) => `${x(i)},${y(value)}`).join(' ');
  return `<svg width="90" height="20" viewBox="0 0 90 20" aria-hidden="true"><polyline points="${points}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>`;
}

/** As the tooltips of points show it. */
const rounded = (value: number): number => Number(value.toPrecision(4));

/** AP and loss of all runs over epochs (or iterations). */
export function runCurvesSpec({ runs }: RunListData) {
  const color = {
    field: 'run',
    type: 'nominal',
    scale: { domain: runs.map(({ name }) => name), range: runs.map((_, i) => colourOf(i)) },
    legend: { orient: 'right', labelLimit: 240 },
  };
  const unit = runs[0]?.unit ?? 'epoch';
  const panel = (title: string, values: object[], mark: object) => ({
    title,
    width: 300,
    height: 220,
    data: { values },
    mark: { type: 'line', tooltip: true, ...mark },
    encoding: {
      x: { field: 'at', type: 'quantitative', title: unit, scale: { nice: false, zero: true } },
      y: { field: 'value', type: 'quantitative', title: null, scale: { zero: title !== 'Loss' } },
      color,
    },
  });
  const aps = runs.flatMap(({ name, evaluations }) =>
    evaluations.map(({ at, metrics }) => ({ run: name, at, value: rounded(Math.max(0, metrics.AP ?? 0)) })),
  );
  const losses = runs.flatMap(({ name, losses: list }) =>
    list.map(({ at, loss }) => ({ run: name, at: rounded(at), value: rounded(loss) })),
  );
  const panels = [
    ...(aps.length > 0 ? [panel('Average precision', aps, { point: { filled: true, size: 36 } })] : []),
    panel('Loss', losses, {}),
  ];
  return { ...chartConfig, hconcat: panels };
}
