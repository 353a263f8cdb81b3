// CocoVideoMetric: of all detections, whatever a tracker has left out.

import { expect, it } from 'vitest';
import type { Dataset } from '../../src/data/types';
import { catalogue } from '../../src/lab/catalogue';

it('counts what a tracker has left out, and is CocoMetric without one', async () => {
  const truths = { bboxes: Float32Array.of(0, 0, 20, 20), labels: Int32Array.of(0), ignored: Uint8Array.of(0) };
  const record = { id: 1, path: 'a', width: 40, height: 40, truths, areas: Float32Array.of(400), annotationIds: [1] };
  const data: Dataset = { name: 'video', classes: ['dog'], records: [record], problems: [] };
  const none = { bboxes: [], scores: [], labels: [] };
  const found = { bboxes: [0, 0, 20, 20], scores: [0.9], labels: [0] };
  const ap = async (type: string, detections: object) => {
    const metric = await catalogue.build('metric', { type }, { path: 'metric' })(data);
    metric.add(1, { ...none, ...detections });
    const { metric: name, metrics, logged } = metric.compute();
    expect([name, logged!['coco/bbox_mAP']]).toEqual([type, metrics.AP]);
    return metrics.AP;
  };
  expect(await ap('CocoVideoMetric', { untracked: found })).toBeCloseTo(1, 6);
  expect(await ap('CocoVideoMetric', found)).toBeCloseTo(1, 6);
  expect(await ap('CocoMetric', { untracked: found })).toBe(0);
});
