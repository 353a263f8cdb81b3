// Targets of sampled RoIs.

import { expect, test } from 'vitest';
import { Registry } from '../../../../src/catalogue/registry';
import { reorder } from '../../../../src/models/roi-heads/bbox-heads/bbox-targets';
import { taskModules } from '../../../../src/models/task-modules';
import { boxes } from '../../../golden-data';
import { targetsFor } from './sampled-targets';

const coder = new Registry(taskModules).build('bbox_coder', { type: 'DeltaXYWHBBoxCoder' }, { path: 'bbox_coder' });

test('image by image, positives before negatives; the background is one more class', () => {
  const targets = targetsFor({ coder });
  expect([...targets.labels]).toEqual([2, 0, 3, 3, 2, 0, 3, 3]);
  expect([...targets.positives]).toEqual([0, 1, 4, 5]);
  expect([...targets.rois.subarray(20, 25)]).toEqual([1, ...boxes('two', 1)]);
  expect(targets.positiveWeight).toBe(1);
  expect(targetsFor({ coder }, false, 2).positiveWeight).toBe(2);
});

test('decoded targets are the ground-truth boxes themselves', () => {
  const { boxes: targets } = targetsFor({ coder }, true);
  expect([...targets]).toEqual([...boxes('one truth', 2), ...boxes('two truth', 2)]);
});

test('in another order every RoI keeps its label, and positives their box targets', () => {
  const targets = targetsFor({ coder });
  const order = Int32Array.of(7, 5, 3, 1, 6, 4, 2, 0);
  const sorted = reorder(targets, order);
  expect([...sorted.labels]).toEqual([3, 0, 3, 0, 3, 2, 3, 2]);
  expect([...sorted.positives]).toEqual([7, 3, 5, 1]);
  expect(sorted.rois.slice(0, 5)).toEqual(targets.rois.slice(35, 40));
  expect(sorted.boxes).toEqual(targets.boxes);
});
