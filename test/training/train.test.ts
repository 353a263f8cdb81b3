// Whole runs of the tiny detector: what they log, that they repeat, and how they end.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { engine, startEngine } from '../../src/engine';
import { tinyDetector, tinyLoader, weightsOf, withoutTimes } from './tiny-detector';
import { trainTiny as run, type TinyRun } from './tiny-run';
import { workDirs } from './work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

test("a run lowers its loss, leaves frozen parts alone and logs in mmengine's form", async () => {
  const before = weightsOf(tinyDetector());
  const lines: string[] = [];
  const workDir = freshDir();
  const { detector, result } = await run({ workDir, log: (line) => void lines.push(line) });
  const after = weightsOf(detector);
  expect(after['head.unused']).toEqual(before['head.unused']);
  expect(after['conv.weight']).not.toEqual(before['conv.weight']);
  expect(after['bn.num_batches_tracked']).toEqual([15]);
  expect(result).toMatchObject({ interrupted: false, epoch: 3, step: 15 });
  const losses = result.history.train.map((r) => r.loss);
  expect(losses.at(-1)).toBeLessThan(losses[0]);
  for (const r of result.history.train) expect(r.loss).toBeCloseTo(r.loss_cls + r.loss_bbox, 5);

  expect(lines[0]).toBe(`engine: ${engine().description}`);
  expect(lines[1]).toMatch(/^Epoch\(train\) {2}\[1\]\[2\/5\] {2}lr: \S+ {2}eta: 0:00:0\d {2}time: /);
  const golden = readFileSync(join(__dirname, '../golden/log_format_scalars.jsonl'), 'utf8').trim().split('\n');
  const keys = (line: string) =>
    Object.keys(JSON.parse(line)).filter((k) => !/^(grad_norm|memory|loss_rpn.*)$/.test(k));
  const own = readFileSync(join(workDir, 'scalars.jsonl'), 'utf8').trim().split('\n');
  // the detector's parts come in its own order; around them the keys stand as mmengine writes them
  expect(keys(own[0])).toEqual(keys(golden[0]));
  expect(own.map((l) => JSON.parse(l).step)).toEqual([2, 4, 7, 9, 12, 14]);
  expect(readFileSync(join(workDir, 'train.log'), 'utf8').trim().split('\n')).toEqual(lines);
});

test('one seed gives one run, bit by bit; another seed another', async () => {
  const [a, b, c] = [await run(), await run(), await run({ seed: 8 })];
  expect(weightsOf(b.detector)).toEqual(weightsOf(a.detector));
  expect(withoutTimes(b.result.history.train)).toEqual(withoutTimes(a.result.history.train));
  expect(weightsOf(c.detector)).not.toEqual(weightsOf(a.detector));
});

test('an abort while the loader hangs ends the run at once', async () => {
  const controller = new AbortController();
  const inner = tinyLoader();
  const loader = {
    length: 5,
    async *epoch(epoch: number, options: { start: number; signal?: AbortSignal }) {
      yield* inner.epoch(epoch, { ...options, start: 4 });
      await new Promise((resolve) => options.signal!.addEventListener('abort', resolve));
    },
  };
  setTimeout(() => controller.abort(), 50);
  const started = performance.now();
  const { result } = await run({ loader, signal: controller.signal });
  expect(result).toMatchObject({ interrupted: true, step: 1 });
  expect(performance.now() - started).toBeLessThan(1000);
});

test("a fresh start moves an earlier run's checkpoints aside", async () => {
  const workDir = freshDir();
  await run({ workDir, epochs: 2 });
  await run({ workDir, epochs: 1 });
  expect(readdirSync(join(workDir, 'checkpoints')).sort()).toEqual(['epoch_1', 'last_checkpoint']);
  expect(readdirSync(join(workDir, 'checkpoints-previous')).sort()).toEqual(['epoch_1', 'epoch_2', 'last_checkpoint']);
});

test('a run leaves no tensor behind', async () => {
  const detector = tinyDetector();
  await run({ detector, epochs: 1 });
  const before = tf.memory().numTensors;
  await run({ detector, epochs: 2, workDir: freshDir() });
  expect(tf.memory().numTensors).toBe(before);
});

test('an empty dataset is named', async () => {
  await expect(run({ loader: tinyLoader(0) })).rejects.toThrow(/the dataset is empty; see dataset.problems/);
});

test('a loader that gives too few batches is named', async () => {
  const loader: TinyRun['loader'] = { ...tinyLoader(3), length: 5 };
  await expect(run({ loader })).rejects.toThrow(/promised 5 batches an epoch and gave 3/);
});
