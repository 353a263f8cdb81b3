// Two processes train as one with the whole batch, and to the same bits from run to run.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../../src';
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

test('SyncBN sees the batches of both, and accumulated gradients are those of one process', async () => {
  const recipe = narrow(data, { ...synced, 'optim_wrapper.accumulative_counts': 2 });
  const options = { ...quiet, epochs: 4, evaluateEvery: 4 };
  const one = await recipe.fit(data, options);
  const two = await recipe.fit(data, { ...options, batch: 2, processes: 2 });
  expect(largestDifference(weightsOf(one.model), weightsOf(two.model))).toBeLessThan(1e-5);
});
