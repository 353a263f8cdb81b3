// Searches on a small detector: a grid, successive halving, Stop, and spaces that are none.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { free, type LabDataset, type SearchOptions, search, startEngine } from '../../src';
import type { Run } from '../../src/lab/run';
import { SearchResult, type SearchTrial } from '../../src/lab/search-result';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-search-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = (await scenes(folder)).take(2);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a grid over an option of fit and a path of the config', async () => {
  const space = { lr: [0.001, 0.002], 'model.neck.type': ['PAFPN'] };
  const found = await search(small(), { space, metric: 'AP50' }).fit(data, { ...quick, epochs: 1 });
  expect(found.trials.map(({ values }) => values.lr).sort()).toEqual([0.001, 0.002]);
  const rates = found.trials.map(({ run, values }) => [
    run.history.train.at(-1)?.base_lr ?? run.history.train.at(-1)?.lr,
    values.lr,
  ]);
  for (const [rate, lr] of rates) expect(rate).toBeCloseTo(Number(lr), 6);
  expect(String(found)).toMatch(/search, 2 of 2 trials\n +lr +model.neck.type +epochs +AP50 +time\n/);
  const csv = readFileSync(await found.save(join(folder, 'search.csv')), 'utf8').split('\r\n');
  expect(csv[0]).toBe('name,lr,model.neck.type,epochs,AP50,seconds,state');
  expect(csv[1]).toMatch(/^"lr=0.00\d, type=PAFPN",0.00\d,PAFPN,1,/);
  expect(Object.keys(found.comparison.runs).length).toBe(2);
  expect(String(found.comparison)).toContain('parameters');
  free(found);
  expect(() => found.best!.run.model.requireWeights('use')).toThrow(/were freed/);
});

test('halving trains the best on, exactly as if it had never stopped', async () => {
  const workDir = join(folder, 'halving');
  const options: SearchOptions = {
    space: { lr: { min: 1e-3, max: 1e-2, scale: 'log' } },
    strategy: 'halving',
    budget: 3,
    seed: 1,
  };
  const found = await search(small(), options).fit(data, { ...quick, epochs: 3, workDir });
  expect(found.trials.map(({ run }) => run.epoch)).toEqual([3, 1, 1]);
  expect(found.trials.map(({ state }) => state)).toEqual(['finished', 'dropped', 'dropped']);
  const best = found.trials[0];
  const direct = await small().fit(data, { ...quick, epochs: 3, lr: Number(best.values.lr), evaluateEvery: 1 });
  expect(best.run.model.detector.stateDict()).toEqual(direct.model.detector.stateDict());
  direct.model.dispose();
  best.run.model.dispose();
});

test('Stop keeps what is done', async () => {
  const stop = new AbortController();
  const hooks = [{ afterRun: () => stop.abort() }];
  const fit = search(small(), { space: { lr: [0.001, 0.002] } }).fit;
  const found = await fit(data, { ...quick, epochs: 1, signal: stop.signal, hooks });
  expect(found.trials.length).toBe(1);
  expect(found.interrupted).toBe(true);
});

test('the best of a miss rate is the smallest', () => {
  const trial = (name: string, value: number | undefined): SearchTrial => {
    const run = { epoch: 1 } as Run;
    return { name, values: {}, run, value, seconds: 1, state: 'finished' };
  };
  const order = (metric: string, values: (number | undefined)[]) =>
    new SearchResult(
      'crowd',
      values.map((value) => trial(String(value), value)),
      metric,
      { trials: values.length, text: '' },
      false,
    ).trials.map(({ value }) => value);
  expect(order('mMR', [0.5, undefined, -1, 0.3, 0.4])).toEqual([0.3, 0.4, 0.5, -1, undefined]);
  expect(order('mAP', [0.5, undefined, -1, 0.3, 0.6])).toEqual([0.6, 0.5, 0.3, -1, undefined]);
});

test('fewer candidates than the budget are said to be all', async () => {
  const stop = AbortSignal.abort();
  const space = { batch: { min: 2, max: 3, integer: true } };
  const found = await search(small(), { space, strategy: 'random' }).fit(data, { ...quick, signal: stop });
  expect(String(found)).toContain('0 of 2 trials');
  expect(String(found)).toContain('all 2 candidates that there are, of a budget of 16');
});

test('spaces that there cannot be are refused before anything is trained', async () => {
  const of = (space: object, more: object = {}) => search(small(), { space, ...more } as SearchOptions);
  expect(() => of({})).toThrow(/expected a space of options/);
  expect(() => of({ lr: [1, 1] })).toThrow(/over "lr": expected different values/);
  expect(() => of({ lr: { min: 1, max: 2 } })).toThrow(/a range has no grid/);
  expect(() => of({ lr: { min: 0, max: 2, scale: 'log' } }, { strategy: 'random' })).toThrow(/min above 0/);
  expect(() => of({ lr: { min: 3, max: 2 } }, { strategy: 'random' })).toThrow(/min below max/);
  expect(() => of({ batch: { min: 0.2, max: 0.8, integer: true } }, { strategy: 'random' })).toThrow(/no whole number/);
  expect(() => of({ lr: [1, 2, 3] }, { budget: 2 })).toThrow(/all 3 combinations with a budget of 2/);
  expect(() => of({ 'model.nekc.type': ['FPN'] })).toThrow(/nekc/);
  expect(() => of({ lrr: [0.1] })).toThrow(
    'Cannot search over "lrr": the recipe has no such option. Did you mean "lr"?',
  );
  expect(() => of({ batch_size: [1] })).toThrow('Set train_dataloader.batch_size');
  expect(() => of({ neck: ['PAFPM'] })).toThrow(/PAFPN/);
  expect(() => of({ lr: ['fast'] })).toThrow(/lr: expected number/);
  await expect(of({ lr: [1] }).fit(data.split('train'))).rejects.toThrow(/no validation images to decide by/);
  const halving = of({ lr: [1, 2] }, { strategy: 'halving' });
  await expect(halving.fit(data, { workDir: false })).rejects.toThrow(/halving with workDir: false/);
});
