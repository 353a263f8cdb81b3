// Precision of referring expressions, by hand.

import { expect, test } from 'vitest';
import { RefExpMetric } from '../../src/evaluation/ref-exp-metric';
import { dataset, record } from './text-records';

test('precision of the best boxes, by data set', async () => {
  const of = (dataset_name: string) => ({ fields: { dataset_name } });
  const data = dataset(
    record(1, [[0, 0, 10, 10]], of('refcoco')),
    record(2, [[0, 0, 10, 10]], of('refcoco')),
    record(3, [[0, 0, 10, 10]], of('refcocog')),
  );
  const metric = await RefExpMetric.build(RefExpMetric.options.parse({ topk: [1, 2] }), {} as never)(data);
  const good = [0, 0, 10, 9];
  const bad = [30, 30, 40, 40];
  metric.add(1, { bboxes: [...bad, ...good], scores: [0.1, 0.9], labels: [0, 0] });
  metric.add(2, { bboxes: [...bad, ...good], scores: [0.9, 0.1], labels: [0, 0] });
  metric.add(3, { bboxes: bad, scores: [1], labels: [0] });
  const { metrics } = metric.compute();
  expect(metrics['refcoco_precision@1']).toBe(0.5);
  expect(metrics['refcoco_precision@2']).toBe(1);
  expect(metrics['refcocog_precision@2']).toBe(0);
  expect(metrics.mean_precision).toBe(0.25);
});

test('an entry of an unknown data set is refused', async () => {
  const metric = await RefExpMetric.build(
    RefExpMetric.options.parse({}),
    {} as never,
  )(dataset(record(1, [[0, 0, 1, 1]])));
  expect(() => metric.add(1, { bboxes: [], scores: [], labels: [] })).toThrow(
    /expected one box and dataset_name refcoco/,
  );
});
