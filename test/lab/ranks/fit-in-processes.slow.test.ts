// What takes long of runs of several processes: four of them, kill -9 of either at random moments, and one that hangs.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../../src';
import { Random } from '../../../src/random';
import { allowed } from '../../kernels/jupyter/kernels';
import { childrenOf, isRunning } from './child-processes';
import { largestDifference, narrow, quiet, synced, towns, weightsOf } from './narrow';

const folder = mkdtempSync(join(tmpdir(), 'detlab-ranks-test-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = await towns(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Losses whose counts are over the whole batch. */
const harmonised = {
  'model.bbox_head.loss_cls': {
    _delete_: true,
    type: 'GHMC',
    bins: 10,
    momentum: 0.75,
    use_sigmoid: true,
    loss_weight: 1,
  },
  'model.bbox_head.loss_bbox': { _delete_: true, type: 'GHMR', mu: 0.02, bins: 10, momentum: 0.7, loss_weight: 1 },
};

test.each([{}, synced])('four processes are one with the whole batch: %j', async (more) => {
  const options = { ...quiet, epochs: 4, evaluateEvery: 4 };
  const one = await narrow(data, more).fit(data, options);
  const four = await narrow(data, more).fit(data, { ...options, batch: 1, processes: 4 });
  expect(largestDifference(weightsOf(one.model), weightsOf(four.model))).toBeLessThan(1e-5);
  expect(four.report?.metrics).toEqual(one.report?.metrics);
});

test('GHM counts the elements of all processes', async () => {
  const options = { ...quiet, epochs: 1, lr: 0.001 };
  const one = await narrow(data, harmonised).fit(data, options);
  const two = await narrow(data, harmonised).fit(data, { ...options, batch: 2, processes: 2 });
  expect(largestDifference(weightsOf(one.model), weightsOf(two.model))).toBeLessThan(1e-5);
});

const KILLS = 30;

/** Runs the script to its end, or until a random one of its processes is killed after so many milliseconds. */
async function attempt(random: Random, after?: number): Promise<string> {
  const loader = join(__dirname, '../../typescript-require.cjs');
  const child = spawn(process.execPath, ['-r', loader, join(__dirname, 'killed-fit.ts'), folder]);
  let said = '';
  let begun = () => {};
  const training = new Promise<void>((resolve) => {
    begun = resolve;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/engine:/.test(said)) begun();
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  await Promise.race([training, ended]);
  if (after !== undefined) {
    await setTimeout(after);
    const all = [child.pid!, ...childrenOf(child.pid!)];
    const victim = all[random.integer(all.length)];
    try {
      process.kill(victim, 'SIGKILL');
    } catch {
      // it has ended by itself
    }
    const others = all.filter((pid) => pid !== victim);
    await Promise.race([ended, setTimeout(15_000)]);
    await setTimeout(1500);
    for (const pid of others) expect(isRunning(pid), said).toBe(false);
  }
  await ended;
  return said;
}

test(`kill -9 of either process at ${KILLS} moments loses nothing`, { timeout: 1_200_000 }, async () => {
  const random = Random.seeded(5);
  const weights = join(folder, 'weights.json');
  for (let kill = 0; kill < KILLS; kill++) {
    await attempt(random, random.integer(3000));
    // a run that came to its end is made anew, for the next kill
    if (existsSync(weights)) {
      rmSync(weights);
      rmSync(join(folder, 'run'), { recursive: true });
    }
  }
  await attempt(random);
  const ended = JSON.parse(readFileSync(weights, 'utf8')) as [string, number[]][];
  const resumed = new Map(ended.map(([name, values]) => [name, Float32Array.from(values)]));
  const whole = await narrow(data).fit(data, { ...quiet, batch: 2, processes: 2, epochs: 8, evaluateEvery: 4 });
  expect(largestDifference(weightsOf(whole.model), resumed)).toBe(0);
});

test('Stop does not wait for a process that hangs', async () => {
  const stop = new AbortController();
  const before = childrenOf(process.pid);
  let stopped = 0;
  const onStep = ({ step }: { step: number }) => {
    if (step !== 3) return;
    for (const pid of childrenOf(process.pid)) if (!before.includes(pid)) process.kill(pid, 'SIGSTOP');
    stopped = performance.now();
    globalThis.setTimeout(() => stop.abort(), 100);
  };
  const options = { ...quiet, epochs: 100, batch: 2, processes: 2, onStep, signal: stop.signal };
  const run = await narrow(data).fit(data, options);
  expect(performance.now() - stopped).toBeLessThan(allowed(4000, 2));
  expect(run.interrupted).toBe(true);
});

test('a run that was stopped inside an accumulation goes on with what both processes had accumulated', async () => {
  const recipe = narrow(data, { 'optim_wrapper.accumulative_counts': 3 });
  const options = { ...quiet, batch: 2, processes: 2, epochs: 2, evaluateEvery: 2 };
  const whole = await recipe.fit(data, options);
  const stop = new AbortController();
  const onStep = ({ step }: { step: number }) => {
    if (step === 4) stop.abort();
  };
  const workDir = join(folder, 'accumulated');
  const stopped = await recipe.fit(data, { ...options, workDir, onStep, signal: stop.signal });
  expect(stopped).toMatchObject({ interrupted: true, step: 4 });
  const resumed = await recipe.fit(data, { ...options, workDir, resume: true });
  expect(largestDifference(weightsOf(whole.model), weightsOf(resumed.model))).toBeLessThan(1e-6);
});
