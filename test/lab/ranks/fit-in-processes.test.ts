// Two processes train as one with the whole batch, and to the same bits from run to run; they end together.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type LabDataset, type RunHook, startEngine } from '../../../src';
import { validationLosses } from '../../../src/lab/validation-loss';
import { allowed } from '../../kernels/jupyter/kernels';
import { slowTest } from '../../slow-cases';
import { childrenOf } from './child-processes';
import { largestDifference, narrow, quiet, synced, towns, weightsOf } from './narrow';

const folder = mkdtempSync(join(tmpdir(), 'detlab-ranks-test-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = await towns(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('two processes have the weights, losses and AP of one with the whole batch, after a part began to train', async () => {
  const recipe = narrow(data).freeze('backbone.layer3').unfreeze('backbone.layer3', { epoch: 2 });
  const options = { ...quiet, epochs: 4, evaluateEvery: 2 };
  const one = await recipe.fit(data, options);
  const two = await recipe.fit(data, { ...options, batch: 2, processes: 2 });
  expect(two.step).toBe(20);
  expect(largestDifference(weightsOf(one.model), weightsOf(two.model))).toBeLessThan(1e-5);
  for (const [i, { loss }] of one.history.train.entries()) expect(two.history.train[i].loss).toBeCloseTo(loss, 5);
  expect(two.report?.images).toBe(5);
  expect(two.report?.metrics).toEqual(one.report?.metrics);
  const again = await recipe.fit(data, { ...options, batch: 2, processes: 2 });
  expect(largestDifference(weightsOf(again.model), weightsOf(two.model))).toBe(0);
});

slowTest('SyncBN sees the batches of both, and accumulated gradients are those of one process', async () => {
  const recipe = narrow(data, { ...synced, 'optim_wrapper.accumulative_counts': 2 });
  const options = { ...quiet, epochs: 4, evaluateEvery: 4 };
  const one = await recipe.fit(data, options);
  const two = await recipe.fit(data, { ...options, batch: 2, processes: 2 });
  expect(largestDifference(weightsOf(one.model), weightsOf(two.model))).toBeLessThan(1e-5);
});

test('kill -9 of a process ends the run by its name; one process goes on from the newest checkpoint', async () => {
  const workDir = join(folder, 'killed');
  const options = { ...quiet, epochs: 2, evaluateEvery: 2, workDir, checkpoint: { everyIterations: 1, maxKeep: 2 } };
  const before = childrenOf(process.pid);
  const onStep = ({ step }: { step: number }) => {
    if (step === 7) for (const pid of childrenOf(process.pid)) if (!before.includes(pid)) process.kill(pid, 'SIGKILL');
  };
  await expect(narrow(data).fit(data, { ...options, batch: 2, processes: 2, onStep })).rejects.toThrow(
    /rank 1 \(process \d+\) was ended by SIGKILL\. The newest checkpoint is whole/,
  );
  const run = await narrow(data).fit(data, { ...options, resume: true });
  const whole = await narrow(data).fit(data, { ...options, workDir: false });
  expect(run.step).toBe(10);
  expect(largestDifference(weightsOf(run.model), weightsOf(whole.model))).toBeLessThan(1e-5);
});

test('hooks of a cell are called once, in this process, and end the run in all of them', async () => {
  const steps: number[] = [];
  const hook: RunHook = { afterIteration: ({ step }) => void steps.push(step), afterEpoch: ({ stop }) => stop() };
  const run = await narrow(data).fit(data, { ...quiet, epochs: 4, batch: 2, processes: 2, hooks: [hook] });
  expect(run).toMatchObject({ epoch: 1, interrupted: false, hookErrors: [] });
  expect(steps).toEqual([1, 2, 3, 4, 5]);
});

test('Stop ends all processes, and gives the run of rank 0', async () => {
  const stop = new AbortController();
  const before = childrenOf(process.pid);
  let stopped = 0;
  const onStep = ({ step }: { step: number }) => {
    if (step !== 3) return;
    stopped = performance.now();
    stop.abort();
  };
  const run = await narrow(data).fit(data, {
    ...quiet,
    epochs: 100,
    batch: 2,
    processes: 2,
    onStep,
    signal: stop.signal,
  });
  expect(performance.now() - stopped).toBeLessThan(allowed(3000, 2));
  expect(run).toMatchObject({ interrupted: true, step: 3 });
  expect(childrenOf(process.pid).filter((pid) => !before.includes(pid))).toEqual([]);
});

test('a part that a process cannot have is named', async () => {
  await expect(narrow(data).fit(data, { ...quiet, devices: [0, 1] })).rejects.toThrow(
    /this process uses cpu already\. On CPUs use processes: 2/,
  );
  const other = narrow(data, { custom_imports: { imports: ['./absent.ts'] } });
  await expect(other.fit(data, { ...quiet, processes: 2 })).rejects.toThrow(/absent\.ts/);
});

test('after a start that has failed, the next run in this process starts; its validation losses are those of one', async () => {
  const options = { ...quiet, epochs: 1, valLoss: true, batch: 2, processes: 2 };
  vi.stubEnv('NODE_OPTIONS', '--require ./absent.cjs');
  await expect(narrow(data).fit(data, options)).rejects.toThrow(
    /^Cannot train: rank 1 \(process \d+\) has ended with exit code 1: (.|\n)*MODULE_NOT_FOUND/,
  );
  vi.unstubAllEnvs();
  const { history, model } = await narrow(data).fit(data, options);
  const losses = await validationLosses(model.detector, data.val!, model.config, { batchSize: 2, epoch: 1, step: 5 });
  expect(history.evaluations[0]['val/loss']).toBeCloseTo(losses!['val/loss'], 5);
});
