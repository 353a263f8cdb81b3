// Thresholds of a report: chosen, displayed, saved, and refused where they cannot be.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkedGoal, reportThreshold } from '../../src/lab/report-threshold';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { randomResults } from '../analysis/random-results';

const folder = mkdtempSync(join(tmpdir(), 'detlab-threshold-'));
afterAll(() => rmSync(folder, { recursive: true }));
const results = randomResults({ images: 60, classes: 2, seed: 1 });
const quick = { resamples: 100 };

test('the highest F1, over all classes and of each, with bands', async () => {
  const best = reportThreshold(results, 'best', quick);
  expect(best.score).toBe(best.all.point!.score);
  expect(best.perClass.map((row) => row.class)).toEqual(['class 0', 'class 1']);
  for (const { point } of [best.all, ...best.perClass])
    for (const score of [0.1, 0.3, 0.5, 0.7])
      expect(point!.f1).toBeGreaterThanOrEqual(reportThreshold(results, score, quick).all.point!.f1 * 0.5);
  expect(best.all.point!.f1).toBeGreaterThanOrEqual(reportThreshold(results, 0.5, quick).all.point!.f1);
  expect(String(best)).toMatch(/Threshold of the highest F1 at IoU 0.5/);
  expect(String(best)).toMatch(/all classes +\d+ +0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]/);
  expect((await best[JUPYTER_DISPLAY]())['text/html']).toContain('<table');
  const [head, first] = readFileSync(await best.save(join(folder, 't.csv')), 'utf8').split('\r\n');
  expect(Number(first.split(',')[head.split(',').indexOf('f1')])).toBe(best.all.point!.f1);
  expect(JSON.parse(readFileSync(await best.save(join(folder, 't.json')), 'utf8'))).toMatchObject({ goal: 'best' });
});

test('a precision is reached at the lowest such score, or never, which is said', () => {
  const reached = reportThreshold(results, { precision: 0.6 }, quick);
  expect(reached.all.point!.precision).toBeGreaterThanOrEqual(0.6);
  const never = reportThreshold(randomResults({ images: 40, noise: 12, seed: 2 }), { precision: 0.99 }, quick);
  expect(never.score).toBeUndefined();
  expect(String(never)).toMatch(
    /all classes: a precision of 0.99 is never reached; the highest is 0\.\d{3}, at a score of 0\.\d{3} \(recall 0\.\d{3}\)/,
  );
  expect(String(never)).toContain('never reached');
});

test('the same seed gives the same bands', () => {
  const bands = (seed: number) => reportThreshold(results, 'best', { ...quick, seed }).all.band;
  expect(bands(1)).toEqual(bands(1));
  expect(bands(1)).not.toEqual(bands(2));
});

test.each([
  ['bset', /received "bset".*best/],
  [{ precison: 0.9 }, /the key "precison".*precision/],
  [{ precision: 90 }, /a precision of 90; it is above 0 and at most 1/],
  [1.5, /1.5; scores are from 0 to 1/],
  [null, /received null/],
])('%j is no goal', (goal, message) => {
  expect(() => checkedGoal(goal)).toThrow(message);
});

test('the rule that matches is named where the metric has another', () => {
  const voc = { ...results, metric: { type: 'VOCMetric' } };
  expect(String(reportThreshold(voc, 'best', quick))).toContain("matched by COCO's rule, not by that of VOCMetric");
  expect(String(reportThreshold(results, 'best', quick))).not.toContain('matched by');
});
