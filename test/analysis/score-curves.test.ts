// Thresholds against brute force: every score tried, every detection counted.

import { expect, test } from 'vitest';
import { pooledClasses, type RankedClass, rankMatches } from '../../src/analysis/ranked-matches';
import { choosePoint, mostPrecisePoint, pointAt, scoreCounts } from '../../src/analysis/score-curves';
import { randomResults } from './random-results';

/** Precision, recall and F1 at a score, counted one by one. */
function counted({ scores, trues, falses, positives }: RankedClass, score: number) {
  let [right, wrong] = [0, 0];
  for (let k = 0; k < scores.length; k++)
    if (scores[k] >= score) {
      right += trues[k] & 1;
      wrong += falses[k] & 1;
    }
  const [precision, recall] = [right / (right + wrong), right / positives];
  return { score, right, wrong, precision, recall, f1: (2 * right) / (right + wrong + positives) };
}

const matches = rankMatches(randomResults({ images: 60, classes: 3, seed: 2 }), { ious: [0.5] });
const series = [...matches.classes, pooledClasses(matches.classes)];
/** With equal scores, as quantised detectors have. */
const tied = series.map((one) => ({ ...one, scores: one.scores.map((s) => Math.round(s * 10) / 10) }));

test.each([...series, ...tied])('the best threshold of $name', (one) => {
  const tried = [...new Set(one.scores)].map((score) => counted(one, score));
  const counts = scoreCounts(one);
  const best = choosePoint(counts, 'best')!;
  expect(best.f1).toBe(Math.max(...tried.map(({ f1 }) => f1)));
  expect(best.score).toBe(Math.max(...tried.filter(({ f1 }) => f1 === best.f1).map(({ score }) => score)));
  expect(best.f1).toBeCloseTo((2 * best.precision * best.recall) / (best.precision + best.recall), 12);
  for (const precision of [0.5, 0.7, 0.8, 0.9]) {
    const reaching = tried.filter((point) => point.precision >= precision);
    const chosen = choosePoint(counts, { precision });
    if (reaching.length === 0) expect(chosen).toBeUndefined();
    else expect(chosen?.score).toBe(Math.min(...reaching.map(({ score }) => score)));
  }
  const highest = mostPrecisePoint(counts)!;
  expect(highest.precision).toBe(Math.max(...tried.map(({ precision }) => precision)));
});

test('the numbers at a score between two detections', () => {
  const [one] = series;
  const counts = scoreCounts(one);
  for (const score of [0, 0.1, 0.25, one.scores[3], 0.5, 0.9]) {
    const { right, wrong, precision, recall, f1 } = counted(one, score);
    expect(pointAt(counts, score)).toEqual({
      score,
      truePositives: right,
      falsePositives: wrong,
      missed: one.positives - right,
      precision,
      recall,
      f1,
    });
  }
  expect(pointAt(counts, 1.1)).toMatchObject({ truePositives: 0, precision: Number.NaN, recall: 0, f1: 0 });
});

test('nothing to choose from', () => {
  const none = { ...series[0], positives: 0, trues: series[0].trues.map(() => 0) };
  expect(choosePoint(scoreCounts(none), 'best')).toBeUndefined();
  expect(choosePoint(scoreCounts(none), { precision: 0.5 })).toBeUndefined();
  const empty = new Float64Array();
  const nothing = { ...series[0], scores: empty, trues: new Uint32Array(), falses: new Uint32Array() };
  expect(choosePoint(scoreCounts(nothing), 'best')).toBeUndefined();
  expect(mostPrecisePoint(scoreCounts(nothing))).toBeUndefined();
});
