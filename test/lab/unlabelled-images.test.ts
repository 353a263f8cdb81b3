// `data.withUnlabelled(images)`: what may be given, and what a run makes of it.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LabDataset } from '../../src';
import { trainedImages, unlabelledLines } from '../../src/lab/unlabelled-images';
import { scenes } from './small';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-unlabelled-'));
const more = path.join(folder, 'more');
let data: LabDataset;
beforeAll(async () => {
  data = await scenes(folder);
  mkdirSync(more);
  for (const { path: file } of data.train.records.slice(0, 3)) copyFileSync(file, path.join(more, path.basename(file)));
  writeFileSync(path.join(more, 'broken.jpg'), 'no image');
});
afterAll(() => rmSync(folder, { recursive: true }));

const source = (...pipeline: { type: string }[]) => ({ type: 'CocoDataset', pipeline });
const semi = {
  train_dataloader: {
    sampler: { type: 'GroupMultiSourceSampler', batch_size: 2, source_ratio: [1, 1] },
    dataset: {
      type: 'ConcatDataset',
      datasets: [source({ type: 'LoadAnnotations' }), source({ type: 'LoadEmptyAnnotations' })],
    },
  },
};
const plain = { model: { type: 'FasterRCNN' }, train_dataloader: { sampler: { type: 'DefaultSampler' } } };

test('a folder: sizes are read, and what cannot be read is told', async () => {
  const { unlabelled, train, val } = await data.withUnlabelled(more);
  expect([train, val]).toEqual([data.train, data.val]);
  expect(unlabelled!.classes).toEqual(data.classes);
  expect(unlabelled!.records).toHaveLength(3);
  for (const { width, height, truths, path: file } of unlabelled!.records) {
    expect([width, height, truths.labels.length]).toEqual([96, 64, 0]);
    expect(path.isAbsolute(file)).toBe(true);
  }
  expect(unlabelled!.problems.map(({ message }) => message)).toEqual([expect.stringContaining('broken.jpg')]);
});

test('patterns, files, data sets, and several one after the other', async () => {
  const file = data.train.records[4].path;
  const count = async (given: Parameters<LabDataset['withUnlabelled']>[0], to = data) =>
    (await to.withUnlabelled(given)).unlabelled!.records.length;
  expect(await count(path.join(more, '*.jpg'))).toBe(await count(more));
  expect(await count([file, file])).toBe(1);
  expect(await count(data)).toBe(data.train.records.length);
  expect((await data.withUnlabelled(data)).unlabelled!.records.every(({ truths }) => truths.labels.length === 0)).toBe(
    true,
  );
  expect(await count(file, await data.withUnlabelled(more))).toBe(4);
});

test('they stay beside the data in its parts; no images are refused', async () => {
  const all = await data.withUnlabelled(more);
  expect(all.take(2).unlabelled!.records).toHaveLength(2);
  expect(String(all)).toContain('3 images without labels');
  await expect(data.withUnlabelled(path.join(folder, 'none'))).rejects.toThrow(/there is no such folder or file/);
  await expect(data.withUnlabelled([])).rejects.toThrow(/expected a folder, a pattern, files or a data set/);
  await expect(data.withUnlabelled(path.join(more, 'broken.jpg'))).rejects.toThrow(/none of the 1 file/);
});

test('a run joins them where its config learns from them, and says so where it does not', async () => {
  const all = await data.withUnlabelled(more);
  expect(trainedImages(all, semi).records).toHaveLength(data.train.records.length + 3);
  expect(trainedImages(all, plain)).toBe(data.train);
  expect(unlabelledLines(all, semi)).toEqual(['3 images without labels: learned by what the teacher finds in them']);
  expect(unlabelledLines(all, plain)).toEqual([
    '3 images without labels not used: FasterRCNN learns from labels alone',
  ]);
  expect(unlabelledLines(data, semi)).toEqual([]);
});
