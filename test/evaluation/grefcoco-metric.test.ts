// Expressions that mean one, several or no objects, by hand.

import { expect, test } from 'vitest';
import { gRefCOCOMetric } from '../../src/evaluation/grefcoco-metric';
import { dataset, record } from './text-records';

test('images whose boxes are exactly found, and whether there are any', async () => {
  const two = [
    [0, 0, 10, 10],
    [20, 20, 30, 30],
  ];
  const data = dataset(record(1, two), record(2, two), record(3, []), record(4, []));
  const metric = await gRefCOCOMetric.build(gRefCOCOMetric.options.parse({}), {} as never)(data);
  metric.add(1, { bboxes: two.flat(), scores: [0.9, 0.8], labels: [0, 0] });
  metric.add(2, { bboxes: [...two.flat(), 50, 50, 60, 60], scores: [0.9, 0.8, 0.75], labels: [0, 0, 0] });
  metric.add(3, { bboxes: two[0], scores: [0.6], labels: [0] });
  metric.add(4, { bboxes: two[0], scores: [0.7], labels: [0] });
  expect(metric.compute().metrics).toEqual({ F1_score: 0.5, T_acc: 1, N_acc: 0.5 });
});
