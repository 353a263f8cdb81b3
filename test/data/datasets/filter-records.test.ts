// Images that training drops: named, with the reason.

import { expect, it } from 'vitest';
import { filterRecords } from '../../../src/data/datasets/filter-records';
import { planDataset } from '../../../src/data/datasets/plan-dataset';
import { packTruths } from '../../../src/data/datasets/truth-list';
import type { DataProblem, ImageRecord } from '../../../src/data/types';

const record = (id: number, size: number, ...ignored: boolean[]): ImageRecord => ({
  id,
  path: `/images/${id}.jpg`,
  width: 100,
  height: size,
  ...packTruths(ignored.map((flag, i) => ({ bbox: [0, 0, 9, 9], label: 0, ignored: flag, area: 81, annotationId: i }))),
});
const records = [record(1, 80, false), record(2, 24, false), record(3, 80), record(4, 80, true)];

it('drops images that are small or without ground truth', () => {
  const problems: DataProblem[] = [];
  expect(filterRecords(records, {}, problems)).toEqual(records);
  expect(problems).toEqual([]);
  const kept = filterRecords(records, { minSize: 32, filterEmpty: true }, problems);
  expect(kept.map(({ id }) => id)).toEqual([1, 4]);
  expect(problems.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
    'small-image: Image "/images/2.jpg" is 100 x 24 pixels, below min_size 32; not used for training',
    'empty-image: Image "/images/3.jpg" has no valid box of the selected classes (filter_empty_gt); not used for training',
  ]);
});

it('drops images of crowds alone for CityscapesDataset, as MMDetection does', () => {
  const idsOf = (type: string) => {
    const config = { type, ann_file: 'a.json', filter_cfg: { filter_empty_gt: true } };
    return planDataset(config, 'dataset')
      .arrange(records, [])
      .map(({ id }) => id);
  };
  expect(idsOf('CityscapesDataset')).toEqual([1, 2]);
  expect(idsOf('CocoDataset')).toEqual([1, 2, 4]);
});
