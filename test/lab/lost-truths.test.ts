// What the training pipeline loses over a set, counted again from the traces of its images.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import { scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-lost-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const cropped = (more: object = {}) =>
  small()
    .classes(data.classes)
    .set({
      'train_dataloader.dataset.pipeline': [
        { type: 'LoadImageFromFile' },
        { type: 'LoadAnnotations', with_bbox: true },
        { type: 'RandomCrop', crop_size: [40, 30], allow_negative_crop: true, ...more },
        { type: 'RandomFlip', prob: 0.5 },
        { type: 'PackDetInputs' },
      ],
    });

test('adds up to the truths of the set and of its images', async () => {
  const recipe = cropped();
  const lost = await recipe.lostTruths(data, { images: Number.POSITIVE_INFINITY, seed: 3 });
  expect([lost.images, lost.of]).toEqual([12, 12]);
  const truths = data.train.records.reduce((sum, { truths }) => sum + truths.labels.length, 0);
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
  const [load, , crop, flip] = lost.steps;
  expect([sum(load.entered), sum(load.lost)]).toEqual([truths, 0]);
  let kept = 0;
  let halved = 0;
  for (let image = 0; image < 12; image++) {
    const { steps } = await recipe.steps(data, { image, seed: 3 });
    const { after, unclipped } = steps[2];
    kept += after?.truths?.labels.length ?? 0;
    const area = ([x1, y1, x2, y2]: Float32Array) => (x2 - x1) * (y2 - y1);
    const box = (boxes: Float32Array, k: number) => boxes.subarray(4 * k, 4 * k + 4);
    for (const [k, id] of (after?.truths?.instanceIds ?? []).entries()) {
      const whole = unclipped?.instanceIds?.indexOf(id) ?? -1;
      if (area(box(after!.truths!.bboxes, k)) < 0.5 * area(box(unclipped!.bboxes, whole))) halved++;
    }
  }
  expect(kept).toBeGreaterThan(0);
  expect(sum(crop.entered) - sum(crop.lost)).toBe(kept);
  expect(halved).toBeGreaterThan(0);
  expect(sum(crop.halved)).toBe(halved);
  expect(sum(flip.entered)).toBe(kept);
  expect(sum(flip.lost)).toBe(0);
  expect(lost.findings[0]).toMatch(/^RandomCrop: \d+\.\d% of (small|medium|large) truths$/);
  expect(lost.toString()).toContain('all 12 images');
});

test('a sample of the set is drawn with the seed; images without boxes are discarded', async () => {
  const recipe = cropped({ allow_negative_crop: false, crop_size: [8, 8] });
  const one = await recipe.lostTruths(data, { images: 8, seed: 1 });
  expect(one.steps).toEqual((await recipe.lostTruths(data, { images: 8, seed: 1 })).steps);
  expect([one.images, one.of]).toEqual([8, 12]);
  expect(one.steps[2].discarded).toBeGreaterThan(0);
  expect(one.steps[3].images).toBe(8 - one.steps[2].discarded);
  await one.save(join(folder, 'lost.csv'));
  await expect(one.save(join(folder, 'lost.png'))).rejects.toThrow('expected an extension of .html, .csv, .json, .txt');
});
