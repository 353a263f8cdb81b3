// The area below a precision-recall curve is the AP of the evaluation, to the last digit.

import { expect, test } from 'vitest';
import { meanPrecisionRecall, precisionRecall } from '../../src/analysis/precision-recall';
import { pooledClasses, rankMatches } from '../../src/analysis/ranked-matches';
import { COCO_IOU_THRESHOLDS, evaluateBoxes, truthsOfDataset } from '../../src/evaluation';
import { RECALLS } from '../../src/evaluation/average-precision';
import { randomResults } from './random-results';

const results = randomResults({ images: 40, classes: 3, seed: 5 });
const { classes } = results.dataset;
const detections = new Map(results.images.map(({ imageId, detections }) => [imageId, detections]));

test('the area of a curve is the AP of its class and IoU', () => {
  const matches = rankMatches(results);
  expect(matches.ious).toEqual(COCO_IOU_THRESHOLDS);
  for (const [t, iou] of COCO_IOU_THRESHOLDS.entries()) {
    const report = evaluateBoxes(truthsOfDataset(results.dataset), detections, { classes, iouThresholds: [iou] });
    const curves = matches.classes.map((one) => precisionRecall(one, t));
    expect(curves.map(({ ap }) => ap)).toEqual(report.perClass.map(({ metrics }) => metrics.AP));
    expect(meanPrecisionRecall(curves).ap).toBe(report.metrics.AP);
    for (const { envelope, ap } of curves)
      expect(envelope.reduce((sum, precision) => sum + precision, 0) / RECALLS.length).toBeCloseTo(ap, 12);
  }
});

test('the points are the precisions after each true positive, below the envelope', () => {
  const [one] = rankMatches(results, { ious: [0.5] }).classes;
  const { points, envelope } = precisionRecall(one);
  expect(points.length).toBeGreaterThan(10);
  for (const [recall, precision] of points) {
    const reached = RECALLS.filter((r) => r <= recall);
    expect(envelope[reached.length - 1]).toBeGreaterThanOrEqual(precision);
  }
  const found = Array.from(one.trues).filter((bits) => bits & 1).length;
  expect(points.at(-1)![0]).toBe(found / one.positives);
});

test('a class without objects has no curve and is left out of the mean', () => {
  const extra = { ...results, dataset: { ...results.dataset, classes: [...classes, 'absent'] } };
  const curves = rankMatches(extra, { ious: [0.5] }).classes.map((one) => precisionRecall(one));
  expect(curves[3]).toMatchObject({ ap: -1, points: [] });
  expect(meanPrecisionRecall(curves).ap).toBe(meanPrecisionRecall(curves.slice(0, 3)).ap);
  expect(meanPrecisionRecall([]).ap).toBe(-1);
});

test('pooled classes are those of all detections in one order', () => {
  const { classes: ranked } = rankMatches(results, { ious: [0.5] });
  const all = pooledClasses(ranked);
  expect([...all.scores]).toEqual([...all.scores].sort((a, b) => b - a));
  expect(all.positives).toBe(ranked.reduce((sum, { positives }) => sum + positives, 0));
  expect(all.truths.reduce((a, b) => a + b, 0)).toBe(all.positives);
  const hits = (one: { trues: Uint32Array }) => one.trues.filter((bits) => bits & 1).length;
  expect(hits(all)).toBe(ranked.reduce((sum, one) => sum + hits(one), 0));
});

test('an IoU that is none is refused', () => {
  expect(() => rankMatches(results, { ious: [50] })).toThrow(/IoU of 50.*such as 0.5/);
});
