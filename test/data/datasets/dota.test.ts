// DOTA's folders: text files of corners, their headers, difficulties and faults.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { expect, test } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import { recordCorners } from '../../../src/data/columns/record-corners';
import type { DatasetLoader } from '../../../src/data/datasets/dataset-loader';
import { DOTA_DATASETS } from '../../../src/data/datasets/dota';

const registry = new Registry(DOTA_DATASETS);
const load = (config: Record<string, unknown>) =>
  (registry.build('dataset', { type: 'YOLOv5DOTADataset', ...config }, { path: 'data' }) as DatasetLoader).load();

function folder(files: Record<string, string>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'dota-'));
  for (const name of ['images', 'annfiles']) mkdirSync(path.join(root, name));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(root, 'annfiles', `${name}.txt`), text);
    writeFileSync(path.join(root, 'images', `${name}.png`), createCanvas(64, 48).toBuffer('image/png'));
  }
  return root;
}

test('boxes are the outlines of objects, beyond the image too', async () => {
  const root = folder({
    P1: 'imagesource:GoogleEarth\ngsd:0.15\n10 10 30.5 15 28 25 8 20 ship 0\n-5 2 10 2 10 12 -5 12 plane 2\n',
    P2: '',
    P3: '1 2 3 4 five 6 7 8 ship 0\n5 5 20 5 20 20 5 20 dirigible 0\n5 5 20 5 20 20 5 20 harbor\n',
  });
  const given = { data_root: root, ann_file: 'annfiles/', data_prefix: { img_path: 'images/' } };
  const { records, classes, palette, problems } = await load({ ...given, diff_thr: 1 });
  expect(classes.length).toBe(15);
  expect(palette?.[0]).toBe('#a52a2a');
  const [first, second, third] = records;
  expect([...recordCorners(first)]).toEqual([10, 10, 30.5, 15, 28, 25, 8, 20, -5, 2, 10, 2, 10, 12, -5, 12]);
  expect([...first.truths.bboxes]).toEqual([8, 10, 30.5, 25, -5, 2, 10, 12]);
  expect([...first.truths.labels]).toEqual([6, 0]);
  expect([...first.truths.ignored]).toEqual([0, 1]);
  expect([second.truths.labels.length, third.truths.labels.length]).toEqual([0, 1]);
  expect(problems.map(({ kind }) => kind).sort()).toEqual(
    ['bad-annotation', 'unknown-category'].slice(0, problems.length),
  );
  expect((await load({ ...given, filter_cfg: { filter_empty_gt: true } })).records.length).toBe(2);
  expect((await load({ ...given, ann_file: '' })).records.map(({ width, height }) => [width, height])).toEqual(
    Array(3).fill([64, 48]),
  );
});

test('a folder without annotations is refused', async () => {
  const root = mkdtempSync(path.join(tmpdir(), 'dota-'));
  await expect(load({ data_root: root, ann_file: 'annfiles/' })).rejects.toThrow(/expected a folder of \.txt files/);
});
