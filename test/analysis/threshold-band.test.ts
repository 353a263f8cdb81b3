// The band of a threshold: seeded, around it, narrower with more images.

import { expect, test } from 'vitest';
import { rankMatches } from '../../src/analysis/ranked-matches';
import { choosePoint, scoreCounts, type ThresholdGoal } from '../../src/analysis/score-curves';
import { thresholdBands } from '../../src/analysis/threshold-band';
import { randomResults } from './random-results';

const classesOf = (images: number) =>
  rankMatches(randomResults({ images, classes: 1, seed: 6 }), { ious: [0.5] }).classes;

function bandOf(images: number, goal: ThresholdGoal, seed = 0) {
  const classes = classesOf(images);
  const point = choosePoint(scoreCounts(classes[0]), goal);
  const [band] = thresholdBands(classes, goal, [point?.score], { seed, resamples: 300 });
  return { point, band };
}

test('the band holds the threshold and its precision, recall and F1', () => {
  for (const goal of ['best', { precision: 0.8 }] as const) {
    const { point, band } = bandOf(60, goal);
    for (const [name, value] of [
      ['threshold', point!.score],
      ['precision', point!.precision],
      ['recall', point!.recall],
      ['f1', point!.f1],
    ] as const) {
      expect(band[name]!.low).toBeLessThanOrEqual(value);
      expect(band[name]!.high).toBeGreaterThanOrEqual(value);
    }
    expect(band.reached).toBeGreaterThan(0.5);
    expect(bandOf(60, goal).band).toEqual(band);
    expect(bandOf(60, goal, 1).band).not.toEqual(band);
  }
});

test('more images, a narrower band', () => {
  const width = (images: number) => {
    const { f1 } = bandOf(images, 'best').band;
    return f1!.high - f1!.low;
  };
  expect(width(400)).toBeLessThan(0.6 * width(40));
});

test('a given score has no band of its own, a precision that is never reached none at all', () => {
  expect(bandOf(40, 0.5).band).toMatchObject({ threshold: undefined, precision: { low: expect.any(Number) } });
  const { point, band } = bandOf(40, { precision: 1.01 });
  expect(point).toBeUndefined();
  expect(band).toMatchObject({ threshold: undefined, precision: undefined, reached: 0 });
});
