// Two detectors on the same images: the verdict, its coverage where the truth is known, and its time.

import { expect, test } from 'vitest';
import { pairedBootstrap } from '../../src/analysis/paired-bootstrap';
import { rankMatches } from '../../src/analysis/ranked-matches';
import { randomResults } from './random-results';

const matchesOf = (options: Parameters<typeof randomResults>[0]) => rankMatches(randomResults(options));

test('a detector with worse boxes is worse, one with the same is not told apart from it', () => {
  const scene = { images: 60, seed: 1 };
  const good = matchesOf({ ...scene, noise: 1 });
  const bad = matchesOf({ ...scene, noise: 6, detector: 2 });
  const other = matchesOf({ ...scene, noise: 1, detector: 3 });
  const { metrics, perClass } = pairedBootstrap([good], [bad], { seed: 7 });
  expect(Object.keys(metrics)).toEqual(['AP', 'AP50', 'AP75']);
  expect(metrics.AP).toMatchObject({ verdict: 'worse' });
  expect(metrics.AP.interval!.high).toBeLessThan(0);
  expect(metrics.AP.interval!.low).toBeLessThanOrEqual(metrics.AP.difference);
  expect(perClass.map(({ verdict }) => verdict)).toEqual(['worse', 'worse']);
  expect(pairedBootstrap([bad], [good], { seed: 7 }).metrics.AP).toMatchObject({
    verdict: 'better',
    difference: -metrics.AP.difference,
  });
  expect(pairedBootstrap([good], [other]).metrics.AP.verdict).toBe('not told apart');
  // itself
  expect(pairedBootstrap([good], [good]).metrics.AP).toMatchObject({
    difference: 0,
    interval: { low: 0, high: 0 },
    verdict: 'not told apart',
  });
});

test('the same seed gives the same interval', () => {
  const [a, b] = [matchesOf({ seed: 4 }), matchesOf({ seed: 4, detector: 2 })];
  const run = (seed: number) => pairedBootstrap([a], [b], { seed, resamples: 200 });
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
});

test('detectors that are equally good are told apart about as rarely as the level says', () => {
  let apart = 0;
  const scenes = 80;
  for (let seed = 0; seed < scenes; seed++) {
    const scene = { images: 30, classes: 1, seed, recall: 0.7 };
    const [a, b] = [1, 2].map((detector) => rankMatches(randomResults({ ...scene, detector }), { ious: [0.5, 0.75] }));
    if (pairedBootstrap([a], [b], { seed, resamples: 200 }).metrics.AP.verdict !== 'not told apart') apart++;
  }
  expect(apart / scenes).toBeLessThan(0.13);
});

test('seeds of a recipe widen the interval', () => {
  const scene = { images: 40, seed: 3 };
  const a = matchesOf(scene);
  const steady = [a, a, a];
  const varied = [1, 4, 9].map((noise, i) => matchesOf({ ...scene, noise, detector: 10 + i }));
  const width = (models: typeof varied) => {
    const { interval } = pairedBootstrap(steady, models, { seed: 1, resamples: 300 }).metrics.AP;
    return interval!.high - interval!.low;
  };
  expect(width(varied)).toBeGreaterThan(1.3 * Math.max(...varied.map((one) => width([one, one, one]))));
});

test('a thousand draws of 500 images take a second or two', () => {
  const [a, b] = [1, 2].map((detector) => matchesOf({ images: 500, classes: 10, seed: 1, detector }));
  const started = performance.now();
  pairedBootstrap([a], [b]);
  expect(performance.now() - started).toBeLessThan(10_000);
});
