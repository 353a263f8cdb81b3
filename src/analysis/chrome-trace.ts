// A profile in Chrome's Trace Event Format, which chrome://tracing and Perfetto open: complete events ("X") in microseconds, in
// rows for modules, kernels and operators.

import type { EngineEvent, EngineProfile } from '../engine/profile-events';
import { modulesAround } from './profile-summary';

/** An event that began and ended, or the name or place of a row. */
export interface TraceEvent {
  name: string;
  ph: 'X' | 'M';
  pid: number;
  tid: number;
  cat?: string;
  /** Microseconds. */
  ts?: number;
  dur?: number;
  args: Record<string, string | number>;
}

export interface ChromeTrace {
  displayTimeUnit: 'ms';
  traceEvents: TraceEvent[];
  otherData: Record<string, string | number>;
}

const PROCESS = 1;
/** Distance of the numbers of two rows, which leaves room for operators of other threads. */
const ROW = 100;
const ROWS = ['modules', 'kernels', 'operators'] as const;
type Row = (typeof ROWS)[number];

interface Slice {
  name: string;
  start: number;
  end: number;
  args: Record<string, string | number>;
}

/**
 * @param about what else the file should say: engine, batch, precision
 * @example writeFileSync('trace.json', JSON.stringify(chromeTrace(profile, { engine: engine().description })))
 */
export function chromeTrace(profile: EngineProfile, about: Record<string, string | number> = {}): ChromeTrace {
  const { events, modules, milliseconds } = profile;
  const slice = ({ name, kind, module, detail, start, end }: EngineEvent): Slice => ({
    name,
    start,
    end,
    args: {
      ...(modules[module] !== undefined && { module: modules[module] || '(model)' }),
      ...(detail && { detail }),
      kind,
    },
  });
  const slices: Record<Row, Slice[]> = {
    modules: moduleSlices(profile),
    kernels: events.filter(({ kind }) => kind !== 'op').map(slice),
    operators: events.filter(({ kind }) => kind === 'op').map(slice),
  };
  return {
    displayTimeUnit: 'ms',
    traceEvents: [
      { name: 'process_name', ph: 'M', pid: PROCESS, tid: 0, args: { name: 'detlab' } },
      ...ROWS.flatMap((row, index) => rowEvents(row, slices[row], (index + 1) * ROW)),
    ],
    otherData: { ...about, milliseconds },
  };
}

/** Slices that overlap without one being in the other (of several threads) come into rows of their own. */
function rowEvents(row: Row, slices: readonly Slice[], first: number): TraceEvent[] {
  const open: Slice[][] = [];
  const laneOf = (slice: Slice): number => {
    for (const [lane, stack] of open.entries()) {
      while (stack.length > 0 && stack[stack.length - 1].end <= slice.start) stack.pop();
      if (stack.length === 0 || slice.end <= stack[stack.length - 1].end) {
        stack.push(slice);
        return lane;
      }
    }
    return open.push([slice]) - 1;
  };
  const complete = slices.map((slice): TraceEvent => {
    const { name, start, end, args } = slice;
    const [ts, dur] = [start * 1000, (end - start) * 1000];
    return { name, ph: 'X', cat: row, pid: PROCESS, tid: first + laneOf(slice), ts, dur, args };
  });
  const lanes = Math.max(1, open.length);
  const names = Array.from({ length: lanes }, (_, lane): TraceEvent[] => [
    {
      name: 'thread_name',
      ph: 'M',
      pid: PROCESS,
      tid: first + lane,
      args: { name: lane ? `${row} ${lane + 1}` : row },
    },
    { name: 'thread_sort_index', ph: 'M', pid: PROCESS, tid: first + lane, args: { sort_index: first + lane } },
  ]).flat();
  return [...names, ...complete];
}

/** One slice for each stretch of calls of a module, around those of the modules in it; backward nodes likewise. */
function moduleSlices({ events, modules }: EngineProfile): Slice[] {
  const listed = new Set(modules);
  const chains = modules.map((path) => modulesAround(path, listed));
  const slices: Slice[] = [];
  const open: Slice[] = [];
  let before: string | undefined;
  for (const { kind, module, start, end } of innermost(events)) {
    const pass = kind === 'node' ? 'backward' : 'forward';
    if (pass !== before) open.length = 0;
    before = pass;
    const chain = (chains[module] ?? []).map((path) => path || '(model)');
    let shared = 0;
    while (shared < chain.length && open[shared]?.name === chain[shared]) shared++;
    open.length = shared;
    for (const name of chain.slice(shared)) {
      const slice = { name, start, end, args: { pass } };
      slices.push(slice);
      open.push(slice);
    }
    for (const slice of open) slice.end = end;
  }
  return slices;
}

/** Calls and nodes that have none inside, so that the call that runs the backward pass is not a stretch of its own. */
function innermost(events: readonly EngineEvent[]): EngineEvent[] {
  const outer = events.filter(({ kind }) => kind !== 'op');
  return outer.filter((event, i) => !(outer[i + 1] && outer[i + 1].start < event.end));
}
