// Recall of phrases, by hand.

import { expect, test } from 'vitest';
import { Flickr30kMetric } from '../../src/evaluation/flickr30k-metric';
import { dataset, record } from './text-records';

test.each([
  [false, { 'R@1': 0.5, 'R@all': 1 }],
  [true, { 'R@1': 0, 'R@all': 0.5 }],
])('recall of phrases, merged: %s', async (merge_boxes, values) => {
  const prompt = { text: 'a b', phraseIds: [0, 0, 1] };
  const data = dataset(
    record(
      1,
      [
        [0, 0, 10, 10],
        [20, 0, 30, 10],
        [50, 50, 60, 60],
      ],
      { prompt },
    ),
  );
  const metric = await Flickr30kMetric.build(
    Flickr30kMetric.options.parse({ topk: [1, -1], merge_boxes }),
    {} as never,
  )(data);
  metric.add(1, {
    bboxes: [50, 50, 60, 61, 0, 0, 10, 10, 0, 0, 9, 90],
    scores: [0.1, 0.8, 0.9],
    labels: [1, 0, 1],
  });
  const report = metric.compute();
  expect(report.metrics).toEqual(values);
  expect(report.logged).toEqual({ 'flickr30k/R@1': values['R@1'], 'flickr30k/R@all': values['R@all'] });
});
