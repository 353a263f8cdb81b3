// The median run of several, and what runs are made, on a clock that only the code moves.

import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { startEngine } from '../../src';
import { medianRun } from '../../src/lab/profile-runs';

beforeAll(async () => void (await startEngine({ engine: 'torch' })));
afterEach(() => void vi.restoreAllMocks());

/** Code that takes each duration in turn. */
function lasting(durations: readonly number[]): { f: () => Promise<void>; count: () => number } {
  let clock = 0;
  let next = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  const f = async () => {
    clock += durations[next++];
  };
  return { f, count: () => next };
}

it('keeps the median of the recorded runs, and that of those between', async () => {
  // a warm-up, then alternately without and with recording
  const { f, count } = lasting([80, 10, 50, 80, 5, 30, 25]);
  const progress: number[][] = [];
  const run = await medianRun(f, {
    modules: [],
    repeats: 3,
    warmUps: 1,
    onProgress: (...both) => progress.push(both),
  });
  expect(count()).toBe(7);
  expect(progress).toEqual(Array.from({ length: 7 }, (_, k) => [k + 1, 7]));
  // recorded: 50, 5, 25; without: 10, 80, 30
  expect([run.runs, run.profile.milliseconds, run.unrecorded]).toEqual([3, 25, 30]);
});

it('keeps the faster one in the middle of an even number', async () => {
  const { f } = lasting([1, 20, 2, 10]);
  const run = await medianRun(f, { modules: [], repeats: 2, warmUps: 0 });
  expect([run.profile.milliseconds, run.unrecorded]).toEqual([10, 1]);
});

it('runs code once without warm-up and repeats', async () => {
  const { f, count } = lasting([7]);
  const run = await medianRun(f, { modules: [], repeats: 1, warmUps: 0 });
  expect([count(), run.profile.milliseconds, run.unrecorded]).toEqual([1, 7, undefined]);
});
