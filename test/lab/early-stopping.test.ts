// `fit(data, { patience })`: the run ends early, the model has its best weights, the report is theirs, and a resumed run does
// the same.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import type { FitOptions } from '../../src/lab/fit-options';
import { readCheckpoint } from '../../src/training/checkpoint';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-patience-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** AP stays 0 in so few iterations of so small a model: the first evaluation is the best. */
async function fit(options: FitOptions) {
  const lines: string[] = [];
  const run = await small().fit(data, {
    ...quick,
    epochs: 4,
    seed: 1,
    patience: 1,
    log: (line) => void lines.push(line),
    ...options,
  });
  return { run, lines, weights: run.model.detector.stateDict() };
}

const early = 'stopped early at epoch 2 of 4';
const restored = 'the model has its best weights again, those after epoch 1 (0.000)';

test('the run ends early with its best weights, in memory and from a folder, and again when resumed', async () => {
  const { run, lines, weights } = await fit({ workDir: false, watch: 1 });
  expect(run).toMatchObject({ interrupted: false, epoch: 2, early, restored: { epoch: 1 }, stop: undefined });
  expect(lines).toContain(
    'early stopping after epoch 2 of 4: coco/bbox_mAP has not improved by 0.001 in 1 evaluation, best 0.000',
  );
  expect(lines).toContain(restored);
  expect(run.headline).toMatch(
    /: stopped early at epoch 2 of 4 in .*, best AP 0\.000 after epoch 1, whose weights the/,
  );
  expect(run.report?.unfinished).toBe(`${early}; the weights are those after epoch 1, the best`);
  expect(String(run)).toContain(early);
  // what was found with the weights that the model has
  expect(run.watched?.place).toBe('epoch 1');
  run.model.dispose();

  const workDir = join(folder, 'run');
  const stop = new AbortController();
  const interrupted = await fit({
    workDir,
    signal: stop.signal,
    onStep: ({ step }) => void (step === 5 && stop.abort()),
  });
  // Stop keeps the last weights: they are what resuming goes on from
  expect(interrupted.run).toMatchObject({ interrupted: true, early: undefined, restored: undefined });
  expect(interrupted.lines).not.toContain(restored);
  interrupted.run.model.dispose();
  const whole = await fit({ workDir, resume: true });
  expect(whole.run).toMatchObject({ interrupted: false, epoch: 2, early, restored: { epoch: 1 } });
  expect(whole.weights).toEqual(weights);
  expect(whole.weights).toEqual(readCheckpoint(join(workDir, 'checkpoints', 'best')).model);
  expect(whole.weights).not.toEqual(readCheckpoint(join(workDir, 'checkpoints', 'epoch_2')).model);
  whole.run.model.dispose();
  const again = await fit({ workDir, resume: true });
  expect(again.run).toMatchObject({ interrupted: false, epoch: 2, early });
  expect(again.weights).toEqual(weights);
  expect(again.run.report?.unfinished).toBe(whole.run.report?.unfinished);
  again.run.model.dispose();
});

test('a run of iterations has the best weights of its iterations', async () => {
  const train_cfg = { _delete_: true, type: 'IterBasedTrainLoop', max_iters: 6, val_interval: 2 };
  const workDir = join(folder, 'iterations');
  const run = await small()
    .set({ train_cfg, param_scheduler: [] })
    .fit(data, { workDir, seed: 1, patience: 1, log: () => {} });
  expect(run).toMatchObject({ step: 4, early: 'stopped early at iteration 4 of 6', restored: { iteration: 2 } });
  expect(run.report?.unfinished).toMatch(/the weights are those after iteration 2, the best$/);
  expect(run.model.detector.stateDict()).toEqual(readCheckpoint(join(workDir, 'checkpoints', 'best')).model);
  run.model.dispose();
});

test('another metric is waited for, and kept the best of', async () => {
  const { run, lines } = await fit({ epochs: 2, patience: { patience: 1, monitor: 'val/loss', minDelta: 100 } });
  expect(run.best?.metric).toBe('val/loss');
  expect(run.history.evaluations.every((record) => record['val/loss'] > 0)).toBe(true);
  // it ends with the last epoch: not early, but with the best weights
  expect(run.early).toBeUndefined();
  expect(lines.some((line) => /^early stopping after epoch 2 of 2: val\/loss has not improved by 100/.test(line))).toBe(
    true,
  );
  expect(run.best?.value).toBe(Math.min(...run.history.evaluations.map((record) => record['val/loss'])));
  run.model.dispose();
});

test("it replaces the config's EarlyStoppingHook, and says so", async () => {
  const lines: string[] = [];
  const run = await small()
    .set({ custom_hooks: [{ type: 'EarlyStoppingHook', monitor: 'coco/bbox_mAP', patience: 0 }] })
    .fit(data, { ...quick, epochs: 2, patience: 3, log: (line) => void lines.push(line) });
  expect(run.epoch).toBe(2);
  expect(lines).toContain("patience replaces the config's EarlyStoppingHook");
  run.model.dispose();
});

test.each<[FitOptions, RegExp]>([
  [{ patience: 0 }, /patience: expected int > 0 .* received the number 0/],
  [{ patience: { patience: 2, min_delta: 1 } as never }, /unknown option "min_delta"\. Did you mean "minDelta"/],
  [{ patience: { patience: 2, monitor: 'score' } }, /Pass rule: 'greater' or 'less'/],
  [{ patience: 2, checkpoint: { saveBest: 'coco/bbox_mAP_50' } }, /Cannot keep the best model by "coco\/bbox_mAP_50"/],
  [
    { patience: { patience: 2, monitor: 'coco/bbox_map' } },
    /by "coco\/bbox_map" .* no such metric\. Did you mean "coco\/bbox_mAP"/,
  ],
])('%o is refused', async (options, message) => {
  await expect(fit(options)).rejects.toThrow(message);
});
