// What a run does not act on is said at its start, in train.log and by `detlab config check`, in the same words.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LabDataset } from '../../../src';
import { printConfig } from '../../../src/config';
import { detlab } from '../../cli/detlab';
import { scratch } from '../../config/scratch';
import { scenes, small } from '../small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-settings-'));
let data: LabDataset;
beforeAll(async () => {
  data = await scenes(join(folder, 'data'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const WITHOUT = {
  'default_hooks.visualization.draw': true,
  'default_hooks.timer': null,
  launcher: 'pytorch',
  'train_dataloader.pin_memory': true,
  custom_hooks: [{ type: 'NaiveVisualizationHook' }],
  'visualizer.vis_backends': [{ type: 'ClearMLVisBackend' }],
};
const LINES = [
  /^visualizer.vis_backends.0: vis_backend "ClearMLVisBackend" of MMEngine \S+ is not implemented/,
  /^custom_hooks.0: hook "NaiveVisualizationHook" of MMEngine \S+ is not implemented/,
  /^launcher: "pytorch" has no effect: a launcher is an option: /,
  /^train_dataloader.pin_memory: true has no effect: /,
];

test('at the start of a run, in train.log and in config check', async () => {
  const recipe = small().set({ ...WITHOUT, 'randomness.seed': 3, work_dir: join(folder, 'run') });
  const lines: string[] = [];
  const run = await recipe.fit(data, { epochs: 1, workers: 0, log: (line) => void lines.push(line) });
  run.model.dispose();
  expect(run.workDir).toBe(join(folder, 'run'));
  const first = lines.findIndex((line) => line.startsWith('Epoch(train)'));
  const log = readFileSync(join(folder, 'run/train.log'), 'utf8').split('\n');
  const file = join(scratch({ 'a.json': printConfig(recipe.config, 'json') }), 'a.json');
  const { code, out } = await detlab('config', 'check', file);
  expect(code).toBe(2);
  for (const line of LINES) {
    expect(lines.slice(1, first).filter((one) => line.test(one))).toHaveLength(1);
    expect(
      log
        .slice(
          1,
          log.findIndex((one) => one.startsWith('Epoch(train)')),
        )
        .filter((one) => line.test(one)),
    ).toHaveLength(1);
    expect(out.split('\n').filter((one) => line.test(one.trim()))).toHaveLength(1);
  }
  const meta = JSON.parse(readFileSync(join(run.checkpoint as string, 'state.json'), 'utf8'));
  expect(meta.seed).toBe(3);
});

test('num_batch_per_epoch and drop_last of the batch sampler decide the length of an epoch', async () => {
  const steps = async (options: Record<string, number | boolean>) => {
    const run = await small()
      .set(options)
      .fit(data, { epochs: 1, batch: 5, workers: 0, workDir: false, log: () => {} });
    run.model.dispose();
    return run.step;
  };
  expect(data.train.records.length).toBe(12);
  expect(await steps({})).toBe(3);
  expect(await steps({ 'train_dataloader.num_batch_per_epoch': 1 })).toBe(1);
  expect(await steps({ 'train_dataloader.batch_sampler.drop_last': true })).toBe(2);
});
