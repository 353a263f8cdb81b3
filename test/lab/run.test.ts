// A run that is stopped says where, what is kept and how it goes on; the resumed run is one run to its chart and its log.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import type { FitOptions } from '../../src/lab/fit-options';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-stop-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Three iterations an epoch; stopped after `last` of them. */
async function fit(workDir: string | false, options: FitOptions = {}, last = Number.POSITIVE_INFINITY) {
  const lines: string[] = [];
  const stop = new AbortController();
  const run = await small()
    .set({ 'model.backbone.init_cfg': { _delete_: true, type: 'Pretrained', checkpoint: 'torchvision://resnet34' } })
    .fit(data, {
      ...quick,
      seed: 1,
      workDir,
      signal: stop.signal,
      log: (line) => void lines.push(line),
      onStep: ({ step }) => void (step === last && stop.abort()),
      ...options,
    });
  run.model.dispose();
  return { run, lines };
}

test('a stopped run says where, what is kept and how it goes on, in the log, the cell and the report', async () => {
  const workDir = join(folder, 'stopped');
  const { run, lines } = await fit(workDir, {}, 5);
  const where = 'stopped in epoch 2 of 2, after 2 of its 3 iterations';
  const kept = `kept: run.model and ${join(workDir, 'checkpoints/iter_5')}; go on with fit(..., { resume: true })`;
  expect(run).toMatchObject({ interrupted: true, epoch: 1, step: 5, stop: { where } });
  expect(lines.at(-1)).toContain(`${where}; ${kept}`);
  expect(readFileSync(join(workDir, 'train.log'), 'utf8')).toContain(`${where}; ${kept}`);
  expect(String(run)).toContain(where);
  expect(String(run)).toContain(kept);
  expect(run.report?.unfinished).toBe(`evaluated after epoch 1; the run was ${where}`);
  expect(String(run.report)).toContain(run.report?.unfinished);

  const { run: rest, lines: more } = await fit(workDir, { resume: true });
  expect(rest).toMatchObject({ interrupted: false, step: 6, stop: undefined });
  expect(rest.report?.unfinished).toBeUndefined();
  expect(more.some((line) => /resumed from .*iter_5: epoch 1, iteration 2/.test(line))).toBe(true);
  // the chart of the whole run, and only of it
  expect(rest.curves.data.steps.map(({ at }) => Math.round(3 * at))).toEqual([1, 2, 3, 4, 5, 6]);
  expect(rest.curves.data.steps.slice(0, 5)).toEqual(run.curves.data.steps);
  expect(rest.curves.data.evaluations.map(({ at }) => at)).toEqual([1, 2]);
  // the weights are the checkpoint's: nothing is said of pretrained ones
  expect(lines.some((line) => /resnet34/.test(line))).toBe(true);
  expect(more.filter((line) => /resnet34/.test(line))).toEqual([]);
});

test('a run stopped before its first evaluation, without a folder', async () => {
  const { run, lines } = await fit(false, {}, 2);
  expect(run.report).toBeUndefined();
  expect(lines.at(-1)).toMatch(/^stopped in epoch 1 of 2, after 2 of its 3 iterations; .*no checkpoint to go on from/);
  expect(String(run)).toMatch(/stopped before the first evaluation/);
});

test('a resumed run that is stopped at once names the checkpoint that it went on from', async () => {
  const workDir = join(folder, 'again');
  await fit(workDir, {}, 4);
  const { run } = await fit(workDir, { resume: true, signal: AbortSignal.abort() });
  expect(run.stop).toMatchObject({ checkpoint: join(workDir, 'checkpoints/iter_4') });
});

test('a finished run taken up for more epochs', async () => {
  const workDir = join(folder, 'longer');
  const first = await fit(workDir, { epochs: 1 });
  expect(first.run.headline).toMatch(/: 1 epoch in /);
  const { run, lines } = await fit(workDir, { epochs: 3, resume: true });
  expect(run.headline).toMatch(/: 3 epochs in /);
  expect(run).toMatchObject({ interrupted: false, epoch: 3, step: 9 });
  expect(run.curves.data.steps.map(({ at }) => Math.round(3 * at))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(lines.some((line) => /^resumed from .*epoch_1/.test(line))).toBe(true);
});
