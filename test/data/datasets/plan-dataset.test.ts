// Datasets around datasets.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { planDataset } from '../../../src/data/datasets/plan-dataset';
import type { Dataset } from '../../../src/data/types';
import { LOAD, YOLOX } from '../mixing-pipelines';
import { stripedImages } from '../striped-images';

let folder: string;

let dataset: Dataset;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'detlab-mixing-'));
  dataset = await stripedImages(folder, 12, [2, 3, 14, 17, 10, 2, 22, 22], (i) => [i, i]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const coco = { type: 'CocoDataset', ann_file: 'a.json', pipeline: LOAD, filter_cfg: { min_size: 25 } };

const arrange = (config: ModuleConfig, records = dataset.records) =>
  planDataset(config, 'dataset').arrange(records, []);

it('repeat, filter and mix', () => {
  expect(arrange(coco).length).toBe(0);
  const all = { ...coco, filter_cfg: null };
  expect(arrange({ type: 'RepeatDataset', times: 3, dataset: all }).length).toBe(36);
  const mix = { type: 'MultiImageMixDataset', dataset: all, pipeline: YOLOX, skip_type_keys: ['MixUp'] };
  const plan = planDataset(mix, 'dataset', ['Mosaic']);
  expect(plan.pipeline.map(({ type }) => type).slice(0, 4)).toEqual([
    'LoadImageFromFile',
    'LoadAnnotations',
    'RandomAffine',
    'YOLOXHSVRandomAug',
  ]);
  expect(plan.options).toEqual({ inner: 2, maxRefetch: 15 });
  expect(() => planDataset(all, 'dataset', ['Mosaic'])).toThrow(/MultiImageMixDataset/);
  expect(() => planDataset({ type: 'RepeatDataset', tims: 3, dataset: all }, 'dataset')).toThrow(/times/);
  const other = { ...all, pipeline: [] };
  expect(() => planDataset({ type: 'ConcatDataset', datasets: [all, other] }, 'dataset')).toThrow(/datasets.1/);
});

it('refuse parts of a ConcatDataset that are to be filtered, repeated or balanced apart', () => {
  const concat = (...datasets: ModuleConfig[]) => planDataset({ type: 'ConcatDataset', datasets }, 'dataset');
  const repeated = (times: number) => ({ type: 'RepeatDataset', times, dataset: coco });
  expect(() => concat(coco, { ...coco, filter_cfg: { min_size: 64 } })).toThrow(
    /filtered and repeated alike, datasets.1/,
  );
  expect(() => concat(repeated(2), coco)).toThrow(/put the ConcatDataset inside the wrapper/);
  expect(() => concat(repeated(2), repeated(3))).toThrow(/datasets.1 differs/);
  expect(concat(repeated(2), repeated(2)).pipeline).toEqual(coco.pipeline);
  const balanced = { type: 'ClassBalancedDataset', oversample_thr: 0.5, dataset: coco };
  expect(() => concat(balanced, balanced)).toThrow(/Put the ConcatDataset inside the ClassBalancedDataset/);
});

it('filter nothing in evaluation mode', () => {
  const small = { ...coco, filter_cfg: { min_size: 1e6 } };
  expect(arrange(small, dataset.records)).toEqual([]);
  expect(arrange({ ...small, test_mode: true }, dataset.records)).toEqual(dataset.records);
});

it('balance classes by the root of their share', () => {
  const records = dataset.records.map((record, i) => ({
    ...record,
    truths: { ...record.truths, labels: Int32Array.of(i === 0 ? 1 : 0, 0) },
  }));
  const config = { type: 'ClassBalancedDataset', oversample_thr: 0.5, dataset: { ...coco, filter_cfg: null } };
  // class 1 is in 1 of 12 images: the root of 0.5 * 12 is 2.4
  expect(arrange(config, records).filter((r) => r === records[0]).length).toBe(3);
  expect(arrange(config, records).length).toBe(14);
});
