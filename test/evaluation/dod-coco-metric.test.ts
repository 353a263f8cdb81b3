// Described objects: labels are an image's own sentences, lengths are in words.

import { expect, test } from 'vitest';
import { DODCocoMetric } from '../../src/evaluation/dod-coco-metric';
import { dataset, record } from './text-records';

test('sentences of an image are classes of the data; AP by their length', async () => {
  const prompt = { text: ['x'], sentenceIds: [9, 4] };
  const data = {
    ...dataset(
      record(
        1,
        [
          [0, 0, 10, 10],
          [20, 20, 40, 40],
        ],
        { prompt, labels: [0, 1] },
      ),
    ),
    classes: ['a dog', 'a dog that is not on a leash today'],
    categories: [
      { id: 4, label: 0 },
      { id: 9, label: 1 },
    ],
  };
  const metric = await DODCocoMetric.build(DODCocoMetric.options.parse({}), {} as never)(data);
  metric.add(1, { bboxes: [20, 20, 40, 40, 50, 50, 60, 60], scores: [0.9, 0.8], labels: [0, 1] });
  const { metrics, logged } = metric.compute();
  expect([metrics.AP_short, metrics.AP_mid, metrics.AP_long, metrics.AP_very_long]).toEqual([0, -1, 1, -1]);
  expect([logged!['dod/mAP'], logged!['dod/mAP_long']]).toEqual([0.5, 1]);
});
