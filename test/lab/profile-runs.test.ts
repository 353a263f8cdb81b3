// The median run of several, and what runs are made.

import { beforeAll, expect, it } from 'vitest';
import { startEngine } from '../../src';
import { medianRun } from '../../src/lab/profile-runs';

beforeAll(async () => void (await startEngine({ engine: 'torch' })));

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

it('keeps the median of the recorded runs, and that of those between', async () => {
  // a warm-up, then alternately without and with recording
  const durations = [80, 10, 50, 80, 5, 30, 25];
  const progress: number[][] = [];
  let next = 0;
  const run = await medianRun(() => wait(durations[next++]), {
    modules: [],
    repeats: 3,
    warmUps: 1,
    onProgress: (...both) => progress.push(both),
  });
  expect(next).toBe(7);
  expect(progress.at(-1)).toEqual([7, 7]);
  expect(run.runs).toBe(3);
  // recorded: 50, 5, 25; without: 10, 80, 30
  expect(run.profile.milliseconds).toBeGreaterThanOrEqual(24);
  expect(run.profile.milliseconds).toBeLessThan(50);
  expect(run.unrecorded).toBeGreaterThanOrEqual(29);
  expect(run.unrecorded).toBeLessThan(80);
});
