// The range test on a small detector: rates, divergence, and a model that is exactly as it was.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-rates-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the model is bit for bit what it was, and so is what it is trained to', async () => {
  const model = await small().classes(data.classes).build({ seed: 2 });
  const before = model.detector.stateDict();
  const { training } = model.detector;
  const tensors = tf.memory().numTensors;
  const found = await model.findLearningRate(data, { from: 1e-4, to: 1e3, steps: 20, batch: 2, workers: 0 });
  expect(found.rates[1] / found.rates[0]).toBeCloseTo(10 ** (7 / 19), 6);
  expect(found.ended).toBe('diverged');
  expect(found.rates.length).toBeLessThan(20);
  expect(model.detector.training).toBe(training);
  expect(tf.memory().numTensors).toBe(tensors);
  for (const [name, tensor] of model.detector.stateDict()) expect(tensor.data, name).toEqual(before.get(name)!.data);
  expect(String(found)).toMatch(/loss by learning rate \(SGD, batch 2\)\n.*diverged at .*as it was before/);
  model.dispose();
});

test('the same seed gives the same losses; files and display', async () => {
  const options = { from: 1e-4, to: 0.1, steps: 12, seed: 1, workers: 0 };
  const found = await small().findLearningRate(data, options);
  expect((await small().findLearningRate(data, options)).losses).toEqual(found.losses);
  const csv = readFileSync(await found.save(join(folder, 'rates.csv')), 'utf8').split('\r\n');
  expect(csv[0]).toBe('lr,loss,smoothed');
  expect(csv[12]).toBe(`${found.rates[11]},${found.losses[11]},${found.smoothed[11]}`);
  expect(found.suggestion).toBe(found.suggested?.steepest);
  const { 'text/html': html } = await found[JUPYTER_DISPLAY]();
  expect(String(html)).toContain('steepest descent');
});

test('rates that do not rise, and Stop before the first step', async () => {
  await expect(small().findLearningRate(data, { from: 1, to: 0.1 })).rejects.toThrow(
    /from 1 to 0.1: expected to above from/,
  );
  await expect(small().findLearningRate(data, { signal: AbortSignal.abort(), workers: 0 })).rejects.toThrow(
    /interrupted/,
  );
});
