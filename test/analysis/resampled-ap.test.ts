// AP on drawn images, equal to evaluating a dataset that has an image as often as it was drawn.

import { expect, test } from 'vitest';
import { resampleImages } from '../../src/analysis/bootstrap';
import { rankMatches } from '../../src/analysis/ranked-matches';
import { meanAp, ResampledAp } from '../../src/analysis/resampled-ap';
import { type EvaluationResults, evaluateBoxes, truthsOfDataset } from '../../src/evaluation';
import { randomResults } from './random-results';

const results = randomResults({ images: 12, classes: 3, seed: 8 });

/** Evaluates copies of the images, each with an id of its own. */
function evaluateCopies({ images, dataset }: EvaluationResults, weights: ArrayLike<number>) {
  const copies = images.flatMap(({ record, detections }, i) =>
    Array.from({ length: weights[i] }, (_, n) => ({ record: { ...record, id: 100 * i + n }, detections })),
  );
  return evaluateBoxes(
    truthsOfDataset({ records: copies.map(({ record }) => record) }),
    new Map(copies.map(({ record, detections }) => [record.id, detections])),
    { classes: dataset.classes },
  );
}

test('the images as they are give the AP of the evaluation, to the last digit', () => {
  const matches = rankMatches(results);
  const ap = new ResampledAp(matches).of(new Uint16Array(12).fill(1));
  const report = evaluateCopies(results, new Uint16Array(12).fill(1));
  expect(meanAp(ap, matches.ious.length)).toBe(report.metrics.AP);
  expect(meanAp(ap, matches.ious.length, 0)).toBe(report.metrics.AP50);
  expect(meanAp(ap, matches.ious.length, 5)).toBe(report.metrics.AP75);
});

test('drawn images give the AP of their copies', () => {
  const matches = rankMatches(results);
  const sampler = new ResampledAp(matches);
  resampleImages(12, { resamples: 100, seed: 4 }, (weights, draw) => {
    if (draw >= 20) return;
    const ap = sampler.of(weights);
    const report = evaluateCopies(results, weights);
    expect(weights.reduce((a, b) => a + b, 0)).toBe(12);
    expect(meanAp(ap, 10)).toBeCloseTo(report.metrics.AP, 12);
    const perClass = report.perClass.map((_, c) => meanAp(ap.subarray(10 * c, 10 * c + 10), 10));
    for (const [c, { metrics }] of report.perClass.entries()) expect(perClass[c]).toBeCloseTo(metrics.AP, 12);
  });
});

test('a class whose images were not drawn has no AP', () => {
  const matches = rankMatches(results);
  const ap = new ResampledAp(matches).of(new Uint16Array(12));
  expect([...new Set(ap)]).toEqual([-1]);
  expect(meanAp(ap, 10)).toBe(-1);
});
