// One-stage detectors train by their own configs: MMDetection's and MMYOLO's transforms, hooks, optimizer and schedule, on
// images a few times smaller. And a run whose transforms or losses change with the epoch goes on exactly where it was stopped.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataset, detector, LabDataset, type Recipe, startEngine } from '../../src';
import { findConfigProblems } from '../../src/catalogue/check-config';
import { catalogue } from '../../src/lab/catalogue';
import { slowCases } from '../slow-cases';
import { shrunk } from './shrunk';

const folder = mkdtempSync(join(tmpdir(), 'detlab-own-'));
let data: LabDataset;
beforeAll(async () => {
  // maps so small are done before threads have met
  await startEngine({ threads: 1 });
  const { name, train } = await dataset.toytown({ images: 15, seed: 3, width: 96, height: 64, dir: folder });
  data = new LabDataset(name, train, undefined);
});
afterAll(() => rmSync(folder, { recursive: true }));

const small = (name: string, by: number) => shrunk(name, by, data.classes);

test.each<readonly [string, number, readonly string[]]>([
  ...slowCases([
    ['ssd300_coco', 1, ['loss_cls', 'loss_bbox']],
    ['yolov3_d53_8xb8-320-273e_coco', 4, ['loss_cls', 'loss_conf', 'loss_xy', 'loss_wh']],
  ] as const),
  ['yolox_tiny_8xb8-300e_coco', 4, ['loss_cls', 'loss_bbox', 'loss_obj']],
  ['yolov8_n_syncbn_fast_8xb16-500e_coco', 5, ['loss_cls', 'loss_bbox', 'loss_dfl']],
  ['rtmdet_tiny_8xb32-300e_coco', 5, ['loss_cls', 'loss_bbox']],
])('%s', async (name, by, losses) => {
  expect(findConfigProblems(detector(name).config, catalogue)).toEqual([]);
  const lines: string[] = [];
  const stop = new AbortController();
  const run = await small(name, by).fit(data, {
    epochs: 3,
    batch: 2,
    seed: 1,
    workers: 0,
    workDir: false,
    log: (line) => void lines.push(line),
    signal: stop.signal,
    onStep: ({ step }) => {
      if (step === 1) stop.abort();
    },
  });
  const { train } = run.history;
  expect(train.length, lines.join('\n')).toBe(1);
  for (const record of train)
    for (const key of ['loss', ...losses]) expect(record[key], `${key}\n${lines.join('\n')}`).toBeGreaterThan(0);
  expect(lines.filter((line) => /not implemented/.test(line))).toEqual([]);
  const { metrics } = await run.model.evaluate(data.take(2));
  expect(Object.keys(metrics)).toContain('AP');
  run.model.dispose();
});

/** A run of two epochs with what it leaves behind. */
async function numbers(recipe: Recipe, options: Parameters<Recipe['fit']>[1]) {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const run = await recipe.fit(data, { epochs: 2, batch: 3, seed: 5, workers: 0, log, ...options });
  const state = run.model.detector.stateDict();
  const weights = [...state].map(([name, { data: values }]) => [name, Buffer.from(values.buffer).toString('base64')]);
  run.model.dispose();
  return { run, weights, lines, losses: run.history.train.map(({ loss, step }) => [step, loss]) };
}

/** Stops the run after each of these steps and resumes it: losses and weights are those of the whole run. */
async function expectResumable(recipe: Recipe, steps: number[], whole: Awaited<ReturnType<typeof numbers>>) {
  for (const at of steps) {
    const workDir = mkdtempSync(join(folder, 'run-'));
    const stop = new AbortController();
    const first = await numbers(recipe, {
      workDir,
      signal: stop.signal,
      onStep: ({ step }) => {
        if (step === at) stop.abort();
      },
    });
    expect(first.run.interrupted).toBe(true);
    const second = await numbers(recipe, { workDir, resume: true });
    expect(second.losses).toEqual(whole.losses);
    expect(second.weights).toEqual(whole.weights);
  }
}

test('with Mosaic, mixing and averaged weights a resumed run is the same, bit by bit', async () => {
  const recipe = small('yolox_tiny_8xb8-300e_coco', 10).set({
    'model.backbone.widen_factor': 0.125,
    'model.neck.in_channels': [32, 64, 128],
    'model.neck.out_channels': 16,
    'model.bbox_head.in_channels': 16,
    'model.bbox_head.feat_channels': 16,
    // a switch of the transforms in the second of two epochs
    'custom_hooks.0.num_last_epochs': 0,
  });
  const whole = await numbers(recipe, { workDir: false });
  expect(whole.lines.filter((line) => /^epoch \d:/.test(line))).toEqual([
    'epoch 2: Mosaic, RandomAffine, MixUp left out',
    'epoch 2: loss_l1 added',
  ]);
  expect(whole.run.history.train.at(-1)!.loss_l1).toBeGreaterThan(0);
  await expectResumable(recipe, [3, 6], whole);
});

test('TOOD trains with task alignment after its initial epochs, and a resumed run is the same, bit by bit', async () => {
  const recipe = small('tood_r50_fpn_1x_coco', 1).set({
    'train_dataloader.dataset.pipeline.2.scale': [96, 64],
    'val_dataloader.dataset.pipeline.1.scale': [96, 64],
    'test_dataloader.dataset.pipeline.1.scale': [96, 64],
    'model.backbone.depth': 18,
    'model.backbone.base_channels': 8,
    'model.backbone.frozen_stages': -1,
    'model.backbone.init_cfg': null,
    'model.neck.in_channels': [8, 16, 32, 64],
    'model.neck.out_channels': 32,
    'model.bbox_head.in_channels': 32,
    'model.bbox_head.feat_channels': 32,
    'model.bbox_head.stacked_convs': 2,
    'model.train_cfg.initial_epoch': 1,
  });
  const whole = await numbers(recipe, { workDir: false });
  for (const record of whole.run.history.train)
    for (const key of ['loss_cls', 'loss_bbox']) expect(record[key], key).toBeGreaterThan(0);
  const losses = whole.losses.map(([, loss]) => loss);
  const steps = losses.length / 2;
  const longer = recipe.set({ 'model.train_cfg.initial_epoch': 2 });
  const { model, history } = await longer.fit(data, {
    epochs: 2,
    batch: 3,
    seed: 5,
    workers: 0,
    workDir: false,
    log: () => {},
  });
  expect(history.train.slice(0, steps).map(({ loss }) => loss)).toEqual(losses.slice(0, steps));
  for (let k = steps; k < 2 * steps; k++) expect(losses[k]).not.toBe(history.train[k].loss);
  const { metrics } = await model.evaluate(data.take(2));
  expect(Object.keys(metrics)).toContain('AP');
  model.dispose();
  // at the end of the initial epoch and after it
  await expectResumable(recipe, [steps, steps + 1], whole);
});
