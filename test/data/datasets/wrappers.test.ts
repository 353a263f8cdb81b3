// Concatenated datasets: images keep ids of their own, problems and notices of all parts.

import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import type { DatasetLoader } from '../../../src/data/datasets/dataset-loader';
import { DATASETS } from '../../../src/data/datasets/list';
import { CocoBboxMetric } from '../../../src/evaluation/coco-bbox';
import { truthsOfDataset } from '../../../src/evaluation/image-truths';
import { CASE_IMAGES, caseFile, greyImages, newFolder } from './cases';

let folder: string;
beforeAll(async () => {
  folder = newFolder();
  await greyImages(folder, CASE_IMAGES);
});
afterAll(() => rmSync(folder, { recursive: true }));

const part = (name: string) => ({
  type: 'CocoDataset',
  ann_file: caseFile(`${name}.json`),
  data_prefix: { img: folder },
});
const concat = (...datasets: object[]) =>
  new Registry(DATASETS).build('dataset', { type: 'ConcatDataset', datasets }, { path: 'val' }) as DatasetLoader;

it('gives every image an id that no other has, so that all are evaluated', async () => {
  const data = await concat(part('coco/case'), part('coco/dup_ann'), part('coco/winpath')).load();
  expect(data.records.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(data.problems.map(({ kind }) => kind)).toEqual(['duplicate']);
  expect(data.notices!.length).toBe(3);
  expect(data.notices!.at(-1)).toMatch(/4 images are in several of the data sets, such as ".*"/);
  const metric = new CocoBboxMetric(truthsOfDataset(data), { classes: data.classes });
  for (const { id, truths } of data.records)
    metric.add(id, { bboxes: [100, 50, 200, 150], labels: [...truths.labels], scores: [0.9] });
  expect(metric.compute()).toMatchObject({ images: 6, truths: 6, metrics: { AP: 1 } });
});

it('loads all parts with the classes of the training data', async () => {
  const loader = concat(part('coco/only1'), part('coco/case'));
  await expect(loader.load()).rejects.toThrow(/their classes differ/);
  const data = await loader.load({ classes: ['WBC', 'RBC'] });
  expect(data.classes).toEqual(['WBC', 'RBC']);
  expect(data.records.map(({ truths }) => [...truths.labels])).toEqual([[1], [], [1], [0]]);
});
