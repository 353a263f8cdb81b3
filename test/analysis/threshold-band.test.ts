// The band of a threshold: seeded, around it, narrower with more images.

import { expect, test } from 'vitest';
import { percentileInterval, resampleImages } from '../../src/analysis/bootstrap';
import { type RankedClass, rankMatches } from '../../src/analysis/ranked-matches';
import { choosePoint, pointAt, scoreCounts, type ThresholdGoal } from '../../src/analysis/score-curves';
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

/** The detections and objects of the drawn images, an image twice as often if it was drawn twice. */
function drawnClass(one: RankedClass, weights: ArrayLike<number>): RankedClass {
  const kept = [...one.scores.keys()].flatMap((k) => Array<number>(weights[one.images[k]]).fill(k));
  return {
    ...one,
    scores: Float64Array.from(kept, (k) => one.scores[k]),
    images: Int32Array.from(kept, (k) => one.images[k]),
    trues: Uint32Array.from(kept, (k) => one.trues[k]),
    falses: Uint32Array.from(kept, (k) => one.falses[k]),
    positives: one.truths.reduce((sum, count, i) => sum + count * weights[i], 0),
  };
}

test('equal to choosing on the drawn images, one draw at a time', () => {
  const [distinct] = classesOf(30);
  // with ties, and a tail of low scores in which nothing is right
  const rounded = { ...distinct, scores: distinct.scores.map((score) => Math.round(20 * score) / 20) };
  for (const one of [distinct, rounded])
    for (const goal of ['best', { precision: 0.8 }, { precision: 1 }, 0.6] as const) {
      const fixed = choosePoint(scoreCounts(one), goal)?.score;
      const [band] = thresholdBands([one], goal, [fixed], { seed: 3, resamples: 200 });
      const drawn = {
        threshold: [] as number[],
        precision: [] as number[],
        recall: [] as number[],
        f1: [] as number[],
      };
      resampleImages(30, { seed: 3, resamples: 200 }, (weights) => {
        const counts = scoreCounts(drawnClass(one, weights));
        // the scores of images that were not drawn are thresholds, too: the lowest that reaches a precision may be one
        const reaching = Array.from(one.scores).filter(
          (score) => typeof goal === 'object' && pointAt(counts, score).precision >= goal.precision,
        );
        const chosen = typeof goal === 'object' ? Math.min(...reaching) : choosePoint(counts, goal)?.score;
        drawn.threshold.push(Number.isFinite(chosen) ? chosen! : Number.NaN);
        const at = fixed === undefined ? undefined : pointAt(counts, fixed);
        for (const name of ['precision', 'recall', 'f1'] as const) drawn[name].push(at?.[name] ?? Number.NaN);
      });
      expect(band.threshold).toEqual(typeof goal === 'number' ? undefined : percentileInterval(drawn.threshold));
      for (const name of ['precision', 'recall', 'f1'] as const)
        expect(band[name]).toEqual(percentileInterval(drawn[name]));
    }
});
