// A config whose train_cfg counts iterations, from the recipe and from the command line.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { compare, type LabDataset, startEngine } from '../../../src';
import { findConfigProblems } from '../../../src/catalogue/check-config';
import { catalogue } from '../../../src/lab/catalogue';
import { planRun } from '../../../src/lab/plan';
import { detlab } from '../../cli/detlab';
import { quick, scenes, small } from '../small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-iterations-'));
let data: LabDataset;
beforeAll(async () => {
  // maps so small are done before threads have met
  await startEngine({ threads: 1 });
  data = (await scenes(folder)).take(6);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** As MMDetection's schedules of 90k iterations have it. */
const recipe = () =>
  small().set({
    train_cfg: { type: 'IterBasedTrainLoop', max_iters: 5, val_interval: 3, _delete_: true },
    param_scheduler: [{ type: 'LinearLR', start_factor: 0.1, by_epoch: false, begin: 0, end: 4 }],
    'train_dataloader.batch_size': 4,
    'train_dataloader.sampler': { type: 'InfiniteSampler', shuffle: true, _delete_: true },
    'default_hooks.checkpoint': { by_epoch: false, interval: 2, max_keep_ckpts: -1 },
    log_processor: { type: 'LogProcessor', by_epoch: false },
  });

test('nothing in it is unknown, and nothing of it is left out', () => {
  expect(findConfigProblems(recipe().config, catalogue)).toEqual([]);
  const { loop, notices } = planRun(recipe().config, {});
  expect(loop).toMatchObject({ unit: 'iteration', total: 5, evaluation: { interval: 3 } });
  expect(notices).toEqual([]);
  const byEpoch = recipe().set({ 'default_hooks.checkpoint.by_epoch': true });
  expect(planRun(byEpoch.config, {}).notices).toEqual([expect.stringMatching(/^only a final checkpoint is written/)]);
  const endless = small().set({ 'train_dataloader.sampler.type': 'InfiniteSampler' });
  expect(planRun(endless.config, {}).notices).toEqual([expect.stringMatching(/^InfiniteSampler has no epochs/)]);
});

describe('fit', () => {
  test('counts iterations in its log, evaluations, checkpoints, curves and Run, and goes on from any of them', async () => {
    const lines: string[] = [];
    const workDir = join(folder, 'run');
    const options = { seed: 2, workers: 0, log: (line: string) => void lines.push(line) };
    const run = await recipe().fit(data, { ...options, workDir });
    expect(run).toMatchObject({ interrupted: false, step: 5, epoch: 2 });
    expect(lines.filter((line) => /^(Iter|Epoch)/.test(line)).map((line) => line.split('  ')[0])).toEqual([
      'Iter(train) [2/5]',
      'Iter(val) [3]',
      'Iter(train) [4/5]',
      'Iter(val) [5]',
    ]);
    expect(run.history.evaluations.map(({ step }) => step)).toEqual([3, 5]);
    expect(run.curves.data).toMatchObject({ unit: 'iteration', evaluations: [{ at: 3 }, { at: 5 }] });
    expect(run.curves.data.steps.map(({ at }) => at)).toEqual([1, 2, 3, 4, 5]);
    expect(readdirSync(join(workDir, 'checkpoints')).sort()).toEqual(['iter_2', 'iter_4', 'iter_5', 'last_checkpoint']);
    expect(run.headline).toMatch(/: 5 iterations in .*best AP .* after iteration [35]$/);

    const other = join(folder, 'stopped');
    const stop = new AbortController();
    const onStep = ({ step }: { step: number }) => {
      if (step === 3) stop.abort();
    };
    const first = await recipe().fit(data, { ...options, workDir: other, signal: stop.signal, onStep });
    expect(first.headline).toMatch(/stopped after iteration 3 of 5/);
    const second = await recipe().fit(data, { ...options, workDir: other, resume: true });
    const weights = ({ model }: typeof run) =>
      [...model.detector.stateDict()].map(([name, { data: values }]) => [name, values.join()]);
    expect(weights(second)).toEqual(weights(run));
    expect(second.history.train.map(({ loss }) => loss)).toEqual(run.history.train.map(({ loss }) => loss));
    for (const { model } of [run, first, second]) model.dispose();
  });

  test('shows iterations in a notebook', async () => {
    const display = vi.fn();
    const notebook = { signal: new AbortController().signal, display };
    Object.assign(globalThis, { [Symbol.for('detlab.notebook')]: notebook });
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      const { model } = await recipe().fit(data, { workDir: false, workers: 0 });
      model.dispose();
    } finally {
      delete (globalThis as Record<symbol, unknown>)[Symbol.for('detlab.notebook')];
    }
    expect(log.mock.calls.flat().filter((line) => /^Iter/.test(line))).toEqual([]);
    log.mockRestore();
    const texts = display.mock.calls.map(([bundle]) => String(bundle['text/plain']));
    expect(texts.filter((text) => /^(iterations|evaluating after iteration)/.test(text)).at(-1)).toMatch(/5/);
    const chart = display.mock.calls
      .map(([bundle]) => String(bundle['text/html']))
      .find((html) => /detlab-plot/.test(html));
    expect(chart).toMatch(/data-x-title="iteration"/);
  });

  test('refuses what counts epochs', async () => {
    await expect(recipe().fit(data, { ...quick, epochs: 2 })).rejects.toThrow(/which counts iterations/);
    const { epochs: _, ...options } = quick;
    await expect(recipe().freeze('neck', { epoch: 2 }).fit(data, options)).rejects.toThrow(
      /FreezingHook: it counts epochs/,
    );
    const steps = recipe().set({ param_scheduler: [{ type: 'MultiStepLR', milestones: [1] }] });
    await expect(steps.fit(data, options)).rejects.toThrow(/param_scheduler.0 \(MultiStepLR\): it counts epochs/);
    await expect(compare({ a: small(), b: recipe() }).fit(data, options)).rejects.toThrow(
      /Cannot compare "a" with "b": their train_cfg counts epochs and iterations/,
    );
  });
});

test('detlab train counts them too', async () => {
  const config = join(folder, 'iterations.json');
  writeFileSync(config, JSON.stringify(recipe().config));
  const root = join(data.train.records[0].path, '../..');
  const part = (name: string) => `${join(root, 'annotations', `${name}.json`)},${join(root, name)}`;
  const workDir = join(folder, 'cli');
  const args = ['train', config, '--data', `coco:${part('train')},${part('val')}`, '--work-dir', workDir, '--json'];
  const { code, err, lines } = await detlab(...args);
  expect([code, err]).toEqual([0, expect.stringContaining('Iter(train) [4/5]')]);
  const events = lines();
  expect(events.map(({ event, step }) => [event, step])).toEqual([
    ['train', 2],
    ['evaluation', 3],
    ['train', 4],
    ['evaluation', 5],
    ['end', 5],
  ]);
  expect(readFileSync(join(workDir, 'train.log'), 'utf8')).toContain('Iter(val) [5]');
  const epochs = await detlab(...args, '--epochs', '2');
  expect([epochs.code, epochs.err]).toEqual([expect.any(Number), expect.stringContaining('which counts iterations')]);
  expect(epochs.code).not.toBe(0);
});
