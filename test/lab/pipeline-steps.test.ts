// One image through the training pipeline, step by step: its end is what training gets, and lost truths are known by identity.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConfigObject, type LabDataset, startEngine } from '../../src';
import { shrunk } from './shrunk';
import { scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-steps-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const shipped = [
  ['yolox_tiny_8xb8-300e_coco', 8],
  ['rtmdet_tiny_8xb32-300e_coco', 8],
  ['yolov8_n_syncbn_fast_8xb16-500e_coco', 8],
  ['ssd300_coco', 2],
  ['yolov3_d53_8xb8-320-273e_coco', 4],
] as const;

test.each(shipped)('%s: the last step makes what training gets', async (name, by) => {
  // YOLOX resizes batches as a whole, after the pipeline
  const recipe = shrunk(name, by, data.classes).set({ 'model.data_preprocessor.batch_augments': null });
  const { batches } = await recipe.batches(data, { count: 4, batch: 1, seed: 2 });
  const images = data.train.records.length;
  let same = 0;
  for (const [{ sample }] of batches) {
    const first = data.train.records.findIndex(({ path }) => path === sample.meta.imgPath);
    const input = JSON.stringify([...sample.truths.bboxes]);
    // a dataset that repeats its images has each of them several times
    for (const image of name === 'ssd300_coco' ? [0, 1, 2, 3, 4].map((k) => first + k * images) : [first]) {
      const { steps } = await recipe.steps(data, { image, batch: 1, seed: 2 });
      for (const { after } of steps.slice(2))
        expect(after?.truths?.instanceIds).toHaveLength(after?.truths?.labels.length ?? -1);
      if (JSON.stringify([...(steps.at(-1)?.after?.truths?.bboxes ?? [])]) === input) same++;
    }
  }
  // where a transform discards an image, training takes another one
  expect(same).toBeGreaterThanOrEqual(3);
});

test('says what each step lost, added and clipped', async () => {
  const pipeline: ConfigObject[] = [
    { type: 'LoadImageFromFile' },
    { type: 'LoadAnnotations', with_bbox: true },
    { type: 'RandomCrop', crop_size: [48, 32], allow_negative_crop: true },
    { type: 'PackDetInputs' },
  ];
  const recipe = small().classes(data.classes).set({ 'train_dataloader.dataset.pipeline': pipeline });
  const counts = data.train.records.map(({ truths }) => truths.labels.length);
  const image = counts.indexOf(Math.max(...counts));
  const shown = await recipe.steps(data, { image });
  const crop = shown.steps[2];
  const truths = data.train.records[image].truths;
  const old = Array.from(crop.before.truths?.instanceIds ?? []);
  expect(old).toHaveLength(truths.labels.length);
  const cut = crop.after?.image;
  expect([cut?.height, cut?.width]).toEqual([32, 48]);
  const kept = crop.after?.truths?.instanceIds ?? new Int32Array();
  expect(kept.length).toBeLessThan(old.length);
  // without clipping, boxes have the size that they had
  for (const [k, id] of (crop.unclipped?.instanceIds ?? []).entries()) {
    const width = (boxes: Float32Array, at: number) => boxes[4 * at + 2] - boxes[4 * at];
    expect(width(crop.unclipped!.bboxes, k)).toBeCloseTo(width(truths.bboxes, old.indexOf(id)), 4);
  }
  expect(shown.toString()).toMatch(
    new RegExp(`3  RandomCrop +32 × 48 +${old.length} +${kept.length} +${old.length - kept.length}`),
  );
});

test('an unknown image is named with the nearest', async () => {
  const recipe = small().classes(data.classes);
  await expect(recipe.steps(data, { image: 'nothing.png' })).rejects.toThrow('has no training image of this name');
  await expect(recipe.steps(data, { image: 99 })).rejects.toThrow('a number from 0 to 11');
});
