// The largest batch for which there is memory, by real steps under the engine's limit.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { engine, type LabDataset, startEngine } from '../../src';
import { largestBatch } from '../../src/lab/largest-batch';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-batch-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
});
afterEach(() => {
  engine().memoryLimit = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

test('bounded by the training images where there is much memory; the rate follows auto_scale_lr', async () => {
  const lines: string[] = [];
  const recipe = small().set({ auto_scale_lr: { base_batch_size: 24 } });
  const tensors = tf.memory().numTensors;
  const run = await recipe.fit(data, { ...quick, epochs: 1, batch: 'auto', log: (line) => lines.push(line) });
  expect(run.step).toBe(1);
  run.model.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
  expect(lines.join('\n')).toMatch(
    /batch: 12 \(auto\): \d+ MB for each image of 96 x 64, \d+ MB besides; there are 12 training images/,
  );
  expect(lines.join('\n')).toMatch(/learning rate 0.02 scaled to 0.01 for a batch size of 12 \(auto_scale_lr: 24\)/);
});

test('bounded by the memory limit, and one image that does not fit is an error before training', async () => {
  const spec = { name: 'small', config: small().classes(data.classes).config, freezing: [] };
  engine().memoryLimit = 2 ** 40;
  const { fixed, perImage } = await largestBatch(spec, data, {});
  expect(perImage).toBeGreaterThan(96 * 64 * 3 * 4);
  engine().memoryLimit = Math.round((fixed + 4.5 * perImage) / 0.9);
  const { batch, line } = await largestBatch(spec, data, {});
  expect(batch).toBeGreaterThanOrEqual(3);
  expect(batch).toBeLessThanOrEqual(6);
  expect(line).toMatch(/; \d+ MB are used: 90% of the engine's memoryLimit$/);
  engine().memoryLimit = Math.round(fixed / 2);
  const fit = small().fit(data, { ...quick, batch: 'auto' });
  await expect(fit).rejects.toThrow(/a batch of one image takes \d+ MB, more than .*90% of the engine's memoryLimit/);
});

test('classes that are drawn in turn: their largest images are tried', async () => {
  engine().memoryLimit = 2 ** 40;
  const { config } = small().classes(data.classes);
  Object.assign(config.train_dataloader as object, { sampler: { type: 'ClassAwareSampler' } });
  const { batch } = await largestBatch({ name: 'small', config, freezing: [] }, data, {});
  expect(batch).toBe(12);
});

test('where it cannot be found', async () => {
  const { config } = small().classes(data.classes);
  const loader = config.train_dataloader as { dataset: Record<string, unknown> };
  const triplets = { num_ids: 2, ins_per_id: 3 };
  loader.dataset = {
    type: 'ReIDDataset',
    ann_file: 'a.txt',
    pipeline: loader.dataset.pipeline,
    triplet_sampler: triplets,
  };
  await expect(largestBatch({ name: 'small', config, freezing: [] }, data, {})).rejects.toThrow(
    /batch: 'auto': triplet_sampler draws 2 x 3 images for each of a batch/,
  );
  await expect(small().fit(data, { ...quick, batch: 'auto', devices: [0] })).rejects.toThrow(/'auto' with devices/);
  await expect(small().fitAsRank(data, { batch: 'auto' }, undefined as never)).rejects.toThrow(
    /a launcher has started/,
  );
});
