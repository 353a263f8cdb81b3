// memory() says who holds tensors, free() gives them back, and what no variable refers to is freed without it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { compare, free, type LabDataset, type MemoryReport, Model, memory, type Run, startEngine } from '../../src';
import { holders } from '../../src/engine/memory-holders';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-memory-'));
const NOTEBOOK = Symbol.for('detlab.notebook');
const global = globalThis as Record<symbol, unknown>;
let data: LabDataset;

beforeAll(async () => {
  await startEngine();
  data = (await scenes(folder)).split('train').take(2);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  delete global[NOTEBOOK];
});

const once = { ...quick, epochs: 1, seed: 1 } as const;
const kinds = ({ entries }: MemoryReport) => entries.map(({ kind }) => kind);

it('names models and tensors by the variables that refer to them', async () => {
  const run = await small().fit(data, once);
  const filter = tf.ones([3, 3]);
  const display = () => {};
  const { signal } = new AbortController();
  global[NOTEBOOK] = { signal, display, variables: { run, list: [run.model], filter, count: 3 } };
  const report = await memory();
  expect(report.entries[0]).toMatchObject({ variables: ['run', 'list'], kind: 'model', type: 'FasterRCNN' });
  expect(report.entries[0].bytes).toBeGreaterThanOrEqual(4 * run.model.parameters);
  expect(report.entries[0].hostBytes).toBeGreaterThan(0);
  expect(report.entries[1]).toMatchObject({ variables: ['filter'], kind: 'tensor', type: 'float32 [3,3]', bytes: 36 });
  expect(report.total.bytes).toBe(tf.memory().numBytes);
  expect(String(report)).toMatch(/run, list +model +faster-rcnn_r18_fpn_toytown: FasterRCNN +\d+/);
  expect(String(report)).toMatch(/Engine: .* MB in use/);
  free(run, filter);
});

it('counts the state of an optimizer and an average of weights while they are in use', async () => {
  let during: { kind: string; type: string; tensors: number }[] = [];
  const onStep = () => {
    during = holders().map(({ holder }) => ({ ...holder, tensors: holder.tensors.length }));
  };
  const recipe = small().set({ custom_hooks: [{ type: 'EMAHook' }] });
  const run = await recipe.fit(data, { ...once, onStep });
  const trained = run.model.detector.trainable().length;
  expect(during).toMatchObject([
    { kind: 'model', type: 'FasterRCNN' },
    { kind: 'optimizer', type: 'SGD', tensors: trained },
    { kind: 'average' },
  ]);
  expect(kinds(await memory())).toEqual(['model']);
  free(run);
});

it('what no variable refers to is freed: models of runs, of files, and of failed cells', async () => {
  await memory();
  const before = tf.memory();
  const use = async () => {
    const run: Run = await small().fit(data, once);
    const file = run.model.save(join(folder, 'model.safetensors'));
    const model = await Model.load(file);
    await model.predict({ data: new Uint8Array(64 * 64 * 3), width: 64, height: 64, order: 'rgb' });
    await small()
      .fit(data, {
        ...once,
        onStep: () => {
          throw new Error('stop here');
        },
      })
      .catch(() => {});
  };
  await use();
  expect((await memory()).entries).toEqual([]);
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numBytes).toBe(before.numBytes);
});

it('free() frees runs, models, comparisons and tensors, and says what cannot be done with them any more', async () => {
  const before = tf.memory().numTensors;
  const comparison = await compare({ one: small() }).fit(data, once);
  const { model } = comparison.runs.one;
  const tensors = { a: tf.ones([2]), more: [tf.zeros([3])] };
  expect(free(comparison, tensors)).toMatch(/^\d+\.\d MB freed$/);
  expect(tf.memory().numTensors).toBe(before);
  await expect(model.predict({ data: new Uint8Array(12), width: 2, height: 2, order: 'rgb' })).rejects.toThrow(
    /Cannot predict with "one": its weights were freed, by free\(\) or dispose\(\). Load or train it again/,
  );
  expect(() => model.save(join(folder, 'gone.safetensors'))).toThrow(/Cannot save "one"/);
  expect(() => free('model' as never)).toThrow(/Cannot free 'model': expected a model, a run/);
});
