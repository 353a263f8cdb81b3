// The Trace Event Format: rows, microseconds, nesting.

import { describe, expect, it } from 'vitest';
import { chromeTrace, type TraceEvent } from '../../src/analysis/chrome-trace';
import { recordedProfile } from './recorded-profile';

const trace = chromeTrace(recordedProfile, { engine: 'torch' });
const rowOf = (events: readonly TraceEvent[], row: string) => events.filter(({ ph, cat }) => ph === 'X' && cat === row);

/** Whether the complete events of each thread are inside one another or apart. */
function nests(events: readonly TraceEvent[]): boolean {
  const complete = events.filter(({ ph }) => ph === 'X');
  return complete.every((a) =>
    complete.every((b) => {
      if (a === b || a.tid !== b.tid || a.ts! > b.ts!) return true;
      const [endA, endB] = [a.ts! + a.dur!, b.ts! + b.dur!];
      return b.ts! >= endA - 1e-6 || endB <= endA + 1e-6 || (a.ts === b.ts && endA <= endB);
    }),
  );
}

describe('chromeTrace', () => {
  it('has a named row each for modules, kernels and operators', () => {
    const names = trace.traceEvents.filter(({ name }) => name === 'thread_name');
    expect(names.map(({ ph, tid, args }) => [ph, tid, args.name])).toEqual([
      ['M', 100, 'modules'],
      ['M', 200, 'kernels'],
      ['M', 300, 'operators'],
    ]);
    expect(trace.traceEvents.every(({ pid }) => pid === 1)).toBe(true);
    expect(trace).toMatchObject({ displayTimeUnit: 'ms', otherData: { engine: 'torch', milliseconds: 50 } });
    expect(JSON.parse(JSON.stringify(trace))).toEqual(trace);
  });

  it('has complete events in microseconds with module and shapes', () => {
    expect(rowOf(trace.traceEvents, 'kernels')).toHaveLength(6);
    expect(rowOf(trace.traceEvents, 'operators')[1]).toEqual({
      name: 'aten::copy_',
      ph: 'X',
      cat: 'operators',
      pid: 1,
      tid: 300,
      ts: 1000,
      dur: 2000,
      args: { module: 'a.b.conv', detail: 'Float [1,8,8,16] -> BFloat16 [1,8,8,16]', kind: 'op' },
    });
  });

  it('shows modules as stretches, those around them included, forward and backward apart', () => {
    const stretches = rowOf(trace.traceEvents, 'modules').map(({ name, ts, dur, args }) => [
      name,
      ts! / 1000,
      (ts! + dur!) / 1000,
      args.pass,
    ]);
    expect(stretches).toEqual([
      ['(model)', 0, 17, 'forward'],
      ['a', 0, 10, 'forward'],
      ['a.b.conv', 0, 10, 'forward'],
      ['c', 12, 15, 'forward'],
      ['(model)', 21, 38, 'backward'],
      ['c', 21, 25, 'backward'],
      ['a', 26, 38, 'backward'],
      ['a.b.conv', 26, 38, 'backward'],
    ]);
    expect(nests(trace.traceEvents)).toBe(true);
  });

  it('gives operators of another thread a row of their own', () => {
    const other = { name: 'aten::add', kind: 'op', module: -1, start: 8, end: 11, detail: '' } as const;
    const events = [...recordedProfile.events, other].sort((a, b) => a.start - b.start || b.end - a.end);
    const { traceEvents } = chromeTrace({ ...recordedProfile, events });
    const rows = traceEvents.filter(({ name }) => name === 'thread_name').map(({ args }) => args.name);
    expect(rows).toEqual(['modules', 'kernels', 'operators', 'operators 2']);
    expect(nests(traceEvents)).toBe(true);
  });
});
