// A recipe trained on each fold: mean and spread, files, and Stop.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import { spreadOf } from '../../src/analysis/spread';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-cross-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = (await scenes(folder)).take(4);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What `run` gives and what it shows in a notebook. */
async function inNotebook<T>(run: () => Promise<T>) {
  const shown: { text: string; id: string | undefined }[] = [];
  const display = (bundle: Record<string, unknown>, { id }: { id?: string } = {}) =>
    shown.push({ text: String(bundle['text/plain']), id });
  const key = Symbol.for('detlab.notebook');
  Object.assign(globalThis, { [key]: { display } });
  try {
    return { result: await run(), shown };
  } finally {
    delete (globalThis as Record<symbol, unknown>)[key];
  }
}

test('means and standard deviations over folds of their own runs', async () => {
  const workDir = join(folder, 'runs');
  const { result: found, shown } = await inNotebook(() =>
    small().crossValidate(data, { ...quick, folds: 2, epochs: 1, workDir, seed: 3 }),
  );
  expect(found.runs.length).toBe(2);
  expect(found.interrupted).toBe(false);
  const values = found.runs.map(({ report }) => report!.metrics.AP);
  expect(found.metrics.AP).toEqual({
    ...{ values },
    mean: spreadOf(values).mean,
    deviation: spreadOf(values).deviation,
  });
  expect(found.runs.map(({ report }) => report!.results!.images.length)).toEqual([2, 2]);
  for (const fold of [1, 2])
    expect(existsSync(join(workDir, 'faster-rcnn_r18_fpn_toytown', `fold_${fold}`, 'scalars.jsonl'))).toBe(true);
  expect(String(found)).toMatch(/cross-validation with 2 folds\n +fold 1 +fold 2 +mean ± std\n/);
  const csv = readFileSync(await found.save(join(folder, 'c.csv')), 'utf8');
  // one table that grows fold by fold and says at the end what it has
  const tables = shown.filter(({ text }) => text.includes('cross-validation'));
  expect(tables.map(({ text }) => /so far: 1 of 2 folds/.test(text))).toEqual([true, false]);
  expect(tables[1].text).toBe(String(found));
  expect(new Set(tables.map(({ id }) => id)).size).toBe(1);
  expect(csv).toContain(`AP50,${found.metrics.AP50.values.join(',')},${found.metrics.AP50.mean},`);
});

test('Stop keeps the folds that are done; folds may be given', async () => {
  const stop = new AbortController();
  const folds = data.kFold(2);
  const hooks = [{ afterRun: () => stop.abort() }];
  const found = await small().crossValidate(data, { ...quick, folds, epochs: 1, signal: stop.signal, hooks });
  expect(found.runs.length).toBe(1);
  expect(found.interrupted).toBe(true);
  expect(String(found)).toContain('stopped: 1 of 2 folds');
  await expect(small().crossValidate(data, { folds, stratified: false })).rejects.toThrow(/the folds are given/);
});
