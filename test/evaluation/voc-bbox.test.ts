// VOC evaluation against MMDetection's eval_map, both modes, several thresholds, with ignored truths.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { VocBboxMetric } from '../../src/evaluation/voc-bbox';

interface Annotation {
  bboxes: number[][];
  labels: number[];
  bboxes_ignore: number[][];
  labels_ignore: number[];
}
const golden = JSON.parse(readFileSync(path.join(__dirname, '../golden/voc_map.json'), 'utf8')) as {
  dets: number[][][][];
  anns: Annotation[];
  results: Record<string, { mAP: number; per_class?: { ap: number; num_gts: number; num_dets: number }[] }>;
};

const truths = golden.anns.map((annotation, imageId) => {
  const boxes = [...annotation.bboxes, ...annotation.bboxes_ignore];
  return {
    imageId,
    boxes: Float64Array.from(boxes.flatMap(([x1, y1, x2, y2]) => [x1, y1, x2 - x1, y2 - y1])),
    labels: Int32Array.from([...annotation.labels, ...annotation.labels_ignore]),
    areas: Float64Array.from(boxes, ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1)),
    ignored: Uint8Array.from(boxes, (_, i) => (i < annotation.bboxes.length ? 0 : 1)),
  };
});

// `area_0.5_scales` uses scale_ranges, an option that VOCMetric refuses here.
const keys = Object.keys(golden.results).filter((key) => key !== 'area_0.5_scales');

it.each(keys)('%s', (key) => {
  const [year, threshold] = key.split('_');
  const metric = new VocBboxMetric(truths, {
    classes: ['a', 'b', 'c'],
    iouThresholds: [Number(threshold)],
    mode: year === 'voc07' ? '11points' : 'area',
    legacyCoordinates: key.endsWith('legacy_coord'),
  });
  for (const [imageId, classes] of golden.dets.entries()) {
    const rows = classes.flatMap((list, label) => list.map((row) => ({ row, label })));
    metric.add(imageId, {
      bboxes: rows.flatMap(({ row }) => row.slice(0, 4)),
      scores: rows.map(({ row }) => row[4]),
      labels: rows.map(({ label }) => label),
    });
  }
  const report = metric.compute();
  const expected = golden.results[key];
  expect(report.metrics.mAP).toBeCloseTo(expected.mAP, 5);
  for (const [c, { ap, num_gts }] of (expected.per_class ?? []).entries()) {
    expect(report.perClass[c].metrics.mAP).toBeCloseTo(ap, 5);
    expect(report.perClass[c].truths).toBe(num_gts);
  }
});

it('detections whose score is NaN change nothing', () => {
  const report = (withNaN: boolean) => {
    const metric = new VocBboxMetric(truths, { classes: ['a', 'b', 'c'], iouThresholds: [0.5], mode: 'area' });
    for (const [imageId, classes] of golden.dets.entries()) {
      const rows = classes.flatMap((list, label) =>
        (withNaN ? [[0, 0, 5, 5, Number.NaN], ...list, [0, 0, 5, 5, Number.NaN]] : list).map((row) => ({ row, label })),
      );
      metric.add(imageId, {
        bboxes: rows.flatMap(({ row }) => row.slice(0, 4)),
        scores: rows.map(({ row }) => row[4]),
        labels: rows.map(({ label }) => label),
      });
    }
    return metric.compute().metrics;
  };
  expect(report(true)).toEqual(report(false));
});
