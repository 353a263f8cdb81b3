// Repeat factors as a ClassBalancedDataset of the config.

import { expect, test } from 'vitest';
import { detector } from '../../src';
import { planDataset } from '../../src/data';
import { valueAt } from '../../src/lab/config-access';
import { withRepeatFactors } from '../../src/lab/repeat-factors';

const recordOf = (labels: number[], id: number) => ({
  ...{ id, path: `${id}.jpg`, width: 100, height: 100, annotationIds: labels },
  areas: new Float32Array(labels.length).fill(100),
  truths: {
    bboxes: Float32Array.from(labels.flatMap(() => [0, 0, 10, 10])),
    labels: Int32Array.from(labels),
    ignored: new Uint8Array(labels.length),
  },
});
const records = [[0], [0, 1], [0], [0], [0], [0], [0], [0], [0], [0]].map(recordOf);
const data = { name: 'cells', classes: ['red', 'white'], records, problems: [] };

test('images of rare classes are repeated in the epoch', () => {
  const { config, line } = withRepeatFactors(detector('faster-rcnn_r50_fpn_1x_coco').config, data, { threshold: 0.4 });
  expect(line).toBe('repeat factors: 11 images per epoch instead of 10; "white" (in 10.0%) 2.00');
  const plan = planDataset(valueAt(config, 'train_dataloader.dataset') as never, 'train_dataloader.dataset');
  expect(plan.arrange(records, []).map(({ id }) => id)).toEqual([0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('inside of what mixes images', () => {
  const { config } = withRepeatFactors(detector('yolox_s_8xb8-300e_coco').config, data, { threshold: 0.4 });
  expect(valueAt(config, 'train_dataloader.dataset.type')).toBe('MultiImageMixDataset');
  expect(valueAt(config, 'train_dataloader.dataset.dataset.type')).toBe('ClassBalancedDataset');
});

test('a threshold below every class is said to change nothing; two of them are refused', () => {
  const base = detector('faster-rcnn_r50_fpn_1x_coco').config;
  const { config, line } = withRepeatFactors(base, data, true);
  expect(line).toContain('repeat factors change nothing: every class of "cells" is in at least 0.100% of the images');
  expect(line).toContain('the rarest, "white", in 10.0%');
  expect(() => withRepeatFactors(config, data, true)).toThrow(/is balanced already/);
});
