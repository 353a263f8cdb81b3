// Kinds of error and their costs against tidecv 1.0.1 on the same files, of boxes and masks, at several thresholds.

import { describe, expect, it, test } from 'vitest';
import { errorCosts } from '../../src/analysis/error-costs';
import { classifyErrors, ERROR_KINDS, kindOfDetection, kindOfTruth, TIDE_NAMES } from '../../src/analysis/error-kinds';
import { evaluateBoxes, VocBboxMetric } from '../../src/evaluation';
import { inputOf, tide } from './golden-input';

describe.each(Object.keys(tide.cases))("tidecv's %s", (name) => {
  const input = inputOf(...(name.split('/') as [string, string]));
  it.each(Object.keys(tide.cases[name]))('at an IoU of %s', (iou) => {
    const expected = tide.cases[name][iou];
    const rows = classifyErrors(input, { iou: Number(iou) });
    const costs = errorCosts(rows, input.classes.length);
    const { detections, truths } = rows;
    const boxArea = (row: number) => {
      const { boxes } = input.images[truths.image[row]].truths;
      return boxes[4 * truths.index[row] + 2] * boxes[4 * truths.index[row] + 3];
    };
    const detectionArea = (row: number) => {
      const { bboxes } = input.images[detections.image[row]].detections;
      const at = 4 * detections.index[row];
      return (bboxes[at + 2] - bboxes[at]) * (bboxes[at + 3] - bboxes[at + 1]);
    };
    const small = errorCosts(rows, input.classes.length, {
      // tidecv's small: by the box of the object, where the error has one, else of the detection
      detection: (row) => {
        const isAboutTruth = [1, 2].includes(detections.cause[row]);
        return (isAboutTruth ? boxArea(detections.truth[row]) : detectionArea(row)) <= 32 ** 2;
      },
      truth: (row) => boxArea(row) <= 32 ** 2,
    });
    const ours = {
      ap: costs.ap,
      FalsePos: costs.falsePositives,
      FalseNeg: costs.falseNegatives,
      ...Object.fromEntries(
        ERROR_KINDS.flatMap((kind) => [
          [TIDE_NAMES[kind], costs.kinds[kind]],
          [`small ${TIDE_NAMES[kind]}`, small.kinds[kind]],
          [`count ${TIDE_NAMES[kind]}`, count(kind)],
        ]),
      ),
    };
    function count(kind: (typeof ERROR_KINDS)[number]): number {
      const code = ERROR_KINDS.indexOf(kind) + 1;
      const column =
        kind === 'missed' ? truths.kind.subarray(0, truths.count) : detections.cause.subarray(0, detections.count);
      return column.filter((value) => value === code).length;
    }
    for (const [key, value] of Object.entries(expected.main as Record<string, number>)) {
      expect(ours[key as 'ap'], key).toBeCloseTo(value / 100, 10);
      expect(ours[`small ${key}` as 'ap'], `small ${key}`).toBeCloseTo(expected.small[key] / 100, 10);
      expect(ours[`count ${key}` as 'ap'], `count ${key}`).toBe(expected.counts[key]);
    }
    expect(ours.ap).toBeCloseTo(expected.ap / 100, 10);
    expect(ours.FalsePos).toBeCloseTo(expected.special.FalsePos / 100, 10);
    expect(ours.FalseNeg).toBeCloseTo(expected.special.FalseNeg / 100, 10);
  });
});

test('true positives and AP are those of the evaluators', () => {
  const input = inputOf('small', 'bbox');
  const { classes, images } = input;
  for (const iou of [0.5, 0.7]) {
    const { detections, truths } = classifyErrors(input, { iou });
    const report = evaluateBoxes(
      images.map((image) => image.truths),
      new Map(images.map((image) => [image.truths.imageId, image.detections])),
      { classes, iouThresholds: [iou] },
    );
    const found = classes.map(() => 0);
    for (let row = 0; row < detections.count; row++)
      if (kindOfDetection(detections, row) === 'true positive') found[detections.label[row]]++;
    for (const [c, { metrics, truths: positives }] of report.perClass.entries())
      expect(found[c] / positives).toBeCloseTo(metrics['AR@100'], 12);
    for (let row = 0; row < truths.count; row++) {
      const { ignored } = images[truths.image[row]].truths;
      expect(kindOfTruth(truths, row) === 'ignored').toBe(ignored[truths.index[row]] === 1);
    }
  }
  const metric = new VocBboxMetric(
    images.map((image) => image.truths),
    { classes },
  );
  for (const { truths, detections } of images) metric.add(truths.imageId, detections);
  const rows = classifyErrors({ ...input, metric: { type: 'VOCMetric' } });
  expect(errorCosts(rows, classes.length).ap).toBeCloseTo(metric.compute().metrics.mAP, 12);
});

test('what cannot be matched is refused', () => {
  const input = inputOf('worked', 'bbox');
  expect(() => classifyErrors(input, { iou: 50 })).toThrow('IoU of 50: expected a number above 0 and at most 1');
  expect(() => classifyErrors(input, { background: 0.6 })).toThrow('above 0 and below 0.5');
  expect(() => classifyErrors(input, { masks: true })).toThrow("expected a metric with 'segm', received 'bbox'");
  expect(() => classifyErrors(input, { maxDetections: 0 })).toThrow('expected a positive integer');
  const rows = classifyErrors(input, { maxDetections: 2 });
  expect([...rows.detections.score.subarray(0, rows.detections.count)]).toEqual([0.9, 0.8]);
});
