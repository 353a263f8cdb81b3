// A metric for each data set of several.

import { expect, test } from 'vitest';
import { Registry } from '../../src/catalogue/registry';
import { METRICS } from '../../src/evaluation';
import { dataset, record } from './text-records';

const build = (names: string[]) =>
  new Registry(METRICS).build(
    'metric',
    {
      type: 'MultiDatasetsEvaluator',
      metrics: names.map(() => ({ type: 'CocoMetric', ann_file: 'not/read.json' })),
      dataset_prefixes: names,
    },
    { path: 'val_evaluator' },
  );

test('each data set has its images, its classes and its names', async () => {
  const parts = [dataset(record(1, [[0, 0, 10, 10]])), { ...dataset(record(2, [[0, 0, 10, 10]])), classes: ['b'] }];
  const metric = await build(['one', 'two'])({ ...dataset(...parts.flatMap(({ records }) => records)), parts });
  metric.add(1, { bboxes: [0, 0, 10, 10], scores: [1], labels: [0] });
  metric.add(2, { bboxes: [50, 50, 60, 60], scores: [1], labels: [0] });
  const { metrics, logged, perClass, images } = metric.compute();
  expect([metrics['one/AP'], metrics['two/AP'], images]).toEqual([1, 0, 2]);
  expect(logged!['two/coco/bbox_mAP']).toBe(0);
  expect(perClass.map((row) => row.class)).toEqual(['one/a', 'two/b']);
  await expect(build(['one'])({ ...parts[0], parts })).rejects.toThrow(/it has 1 metrics, the data are 2 data sets/);
});
