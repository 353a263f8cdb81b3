// The validation loss of a run: training's losses of the same weights and batch, the same at each call, in log and history.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import type { ConfigObject } from '../../src/config';
import { buildPipeline, evaluationLoader, type PackedSample } from '../../src/data';
import { catalogue } from '../../src/lab/catalogue';
import { modulesAt } from '../../src/lab/config-access';
import { validationLosses, validationPipeline } from '../../src/lab/validation-loss';
import { Random } from '../../src/random';
import { pass } from '../../src/training/gradients';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-valloss-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('equals the losses of a training step on the same images, with half of another size', async () => {
  const sized = { keep_ratio: true, scale: [48, 32] };
  const recipe = small()
    .set({ 'train_dataloader.dataset.pipeline.2': { type: 'Resize', ...sized }, 'model.backbone.norm_eval': true })
    .set({ 'val_dataloader.dataset.pipeline.1': { type: 'Resize', ...sized } });
  const { detector, config } = await recipe.classes(data.classes).build({ seed: 3 });
  const val = data.val!;
  // the training pipeline, without its flip
  const steps = modulesAt(config, 'train_dataloader.dataset.pipeline').filter(({ type }) => type !== 'RandomFlip');
  const loader = evaluationLoader(val, buildPipeline(steps, catalogue, 'train'), { batchSize: 3, workers: 0 });
  const { value } = await loader.epoch(0).next();
  const samples = value as PackedSample[];
  await loader.close();
  // norm_eval: batch norms are in evaluation mode in training too
  detector.train();
  const batch = detector.preprocess(samples);
  const context = { random: Random.seeded(0), epoch: 0, iteration: 0 };
  const variables = detector.trainable().map(([, parameter]) => parameter.variable);
  const { scalars, gradients } = pass(detector, batch, variables, context);
  for (const gradient of gradients) gradient?.dispose();
  batch.inputs.dispose();

  const losses = () => validationLosses(detector, val, config, { batchSize: 3, epoch: 0, step: 0 });
  const found = await losses();
  const before = tf.memory().numTensors;
  expect(found).toEqual(Object.fromEntries(Object.entries(scalars).map(([name, v]) => [`val/${name}`, v])));
  expect(Object.keys(found!)[0]).toBe('val/loss');
  expect(await losses()).toEqual(found);
  expect(tf.memory().numTensors).toBe(before);
  expect(detector.training).toBe(false);
  detector.dispose();
});

test('processes have a share of the batches each, and together the losses of one', async () => {
  const { detector, config } = await small().classes(data.classes).build({ seed: 3 });
  const options = { batchSize: 1, epoch: 0, step: 0 };
  const one = await validationLosses(detector, data.val!, config, options);
  const gathered: Uint8Array[] = [];
  const images: number[] = [];
  const of = (rank: number) => {
    const ranks = {
      rank,
      size: 4,
      isFirst: rank === 0,
      stopsOrEnds: async (ends: boolean) => ({ stops: false, ends }),
      gather: async (bytes: Uint8Array) => Object.assign(gathered, { [rank]: bytes }),
    };
    images.push(0);
    const onProgress = () => void images[images.length - 1]++;
    return validationLosses(detector, data.val!, config, { ...options, ranks, onProgress });
  };
  for (const rank of [3, 2, 1]) expect(await of(rank)).toBeUndefined();
  const together = (await of(0))!;
  expect(images).toEqual([0, 1, 1, 1]);
  expect(Object.keys(together)).toEqual(Object.keys(one!));
  for (const [name, value] of Object.entries(one!)) expect(together[name], name).toBeCloseTo(value, 6);
  detector.dispose();
});

test('the ground truth is loaded with the image, as training loads it', () => {
  const config = {
    train_dataloader: {
      dataset: {
        type: 'MultiImageMixDataset',
        dataset: { pipeline: [{ type: 'mmdet.LoadAnnotations', with_bbox: true, with_mask: true }] },
        pipeline: [],
      },
    },
    test_dataloader: {
      dataset: {
        pipeline: ['LoadImageFromFile', 'Resize', 'LoadAnnotations', 'PackDetInputs'].map((type) => ({ type })),
      },
    },
  } as unknown as ConfigObject;
  expect(validationPipeline(config)).toEqual([
    { type: 'LoadImageFromFile' },
    { type: 'mmdet.LoadAnnotations', with_bbox: true, with_mask: true },
    { type: 'Resize' },
    { type: 'PackDetInputs' },
  ]);
});

test('a run has it in its log, its history and its chart, and AP stays the first metric', async () => {
  const lines: string[] = [];
  const run = await small().fit(data, { ...quick, seed: 1, valLoss: true, log: (line) => void lines.push(line) });
  const records = run.history.evaluations;
  expect(records).toHaveLength(2);
  for (const record of records) {
    const { 'val/loss': sum, 'val/loss_cls': cls, 'val/loss_rpn_cls': rpn } = record;
    expect(sum).toBeGreaterThan(cls + rpn);
    expect(Object.keys(record)[0]).toBe('coco/bbox_mAP');
  }
  expect(lines.filter((line) => /^Epoch\(val\).* val\/loss: \d\.\d{4} .*val\/acc/.test(line))).toHaveLength(2);
  expect(lines.filter((line) => /^val\/loss: \S+ s for 3 images, beside \S+ s for AP$/.test(line))).toHaveLength(1);
  expect(run.curves.data.evaluations.map(({ losses }) => losses?.loss)).toEqual(records.map((r) => r['val/loss']));
  run.model.dispose();
});

test('without validation images it is refused', async () => {
  await expect(small().fit(data.split('train'), { ...quick, valLoss: true })).rejects.toThrow(
    /Cannot train with valLoss: ".*" has no validation images\. Use data\.split\(0\.2\)/,
  );
});
