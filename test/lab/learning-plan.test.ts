// The plan that is drawn before a run is what the run then does: rates, momentum, evaluations, checkpoints, freezing.

import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ConfigValue, type LabDataset, type Recipe, startEngine } from '../../src';
import { ParamSchedulerHook } from '../../src/training/hooks/param-scheduler-hook';
import type { TrainRun } from '../../src/training/train-run';
import { shrunk } from './shrunk';
import { scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-plan-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const iterations: Record<string, ConfigValue> = {
  train_cfg: { _delete_: true, type: 'IterBasedTrainLoop', max_iters: 7, val_interval: 3 },
  param_scheduler: [{ type: 'LinearLR', start_factor: 0.1, by_epoch: false, begin: 0, end: 4 }],
  'default_hooks.checkpoint.by_epoch': false,
  'default_hooks.checkpoint.interval': 2,
};

const cases: [string, () => Recipe, object][] = [
  [
    'warm-up and steps',
    () => small().classes(data.classes).freeze('backbone', { stages: 1, epoch: 2 }),
    { epochs: 3, batch: 4 },
  ],
  ['quadratic warm-up and cosine', () => shrunk('yolox_tiny_8xb8-300e_coco', 8, data.classes), { epochs: 3, batch: 4 }],
  [
    'rates and momentum of a hook',
    () => shrunk('yolov8_n_syncbn_fast_8xb16-500e_coco', 5, data.classes),
    { epochs: 2, batch: 4 },
  ],
  [
    'a momentum schedule and one cycle of the rate',
    () =>
      small()
        .classes(data.classes)
        .set({
          param_scheduler: [
            { type: 'OneCycleLR', eta_max: 0.01, by_epoch: false },
            { type: 'CosineAnnealingMomentum', eta_min: 0.85, convert_to_iter_based: true },
          ],
        }),
    { epochs: 2, batch: 4 },
  ],
  ['a run of iterations', () => small().classes(data.classes).set(iterations), { batch: 4 }],
];

test.each(cases)('%s', async (_, recipe, options) => {
  const workDir = mkdtempSync(join(folder, 'run-'));
  const plan = await recipe().plan(data, { ...options, seed: 1 });
  const momenta: number[] = [];
  const move = vi.spyOn(ParamSchedulerHook.prototype, 'afterTrainIter').mockImplementation(({ state }: TrainRun) => {
    momenta.push(state.wrapper.optimizer.groups[0].momentum ?? Number.NaN);
    state.schedule.afterIteration();
  });
  const run = await recipe().fit(data, {
    ...options,
    seed: 1,
    workers: 0,
    workDir,
    log: () => {},
    logInterval: 1,
    checkpoint: { maxKeep: -1 },
  });
  move.mockRestore();
  expect(plan.iterations).toBe(run.step);
  // the log leaves out the last iterations of some epochs
  expect(run.history.train.length).toBeGreaterThan(3);
  for (const { step, lr } of run.history.train) expect(plan.lrAt(step), `iteration ${step}`).toBe(lr);
  expect([...(plan.plan.series[0].momentum ?? momenta.map(() => Number.NaN))]).toEqual(momenta);
  const stepsOf = (kind: string) => plan.plan.events.filter((event) => event.kind === kind).map(({ step }) => step);
  const evaluated = run.history.evaluations.map(({ step }) =>
    plan.plan.unit === 'epoch' ? step * plan.plan.epochLength : step,
  );
  expect(stepsOf('evaluation')).toEqual(evaluated);
  const saved = readdirSync(join(workDir, 'checkpoints')).flatMap((name) => {
    const [, unit, count] = /^(epoch|iter)_(\d+)$/.exec(name) ?? [];
    return unit ? [Number(count) * (unit === 'epoch' ? plan.plan.epochLength : 1)] : [];
  });
  expect(stepsOf('checkpoint')).toEqual(saved.sort((a, b) => a - b));
});

test('says when the warm-up ends and parts are frozen, and is saved in every form', async () => {
  const recipe = small().classes(data.classes).freeze('backbone', { stages: 1, epoch: 2 });
  const plan = await recipe.plan(data, { epochs: 4, batch: 2 });
  const text = String(plan);
  expect(text).toContain('plan of 4 epochs of 6 iterations');
  expect(text).toMatch(/6 +1 +backbone \(stem and 1 stage\) is frozen from epoch 2 on/);
  expect(text).toContain('warm-up ends');
  for (const name of ['p.png', 'p.svg', 'p.html', 'p.csv', 'p.json'])
    expect(existsSync(await plan.save(join(folder, name)))).toBe(true);
});

test('YOLOX without mixing at the end says from which epoch on', async () => {
  const plan = await shrunk('yolox_tiny_8xb8-300e_coco', 8, data.classes).plan(data);
  expect(String(plan)).toMatch(/without Mosaic, RandomAffine, MixUp from epoch 285 on/);
});
