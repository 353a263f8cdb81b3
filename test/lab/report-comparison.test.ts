// Evaluated models side by side: verdicts, tables, the images on which they differ, and what cannot be compared.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compare, type Dataset, type LabDataset, Report } from '../../src';
import { type EvaluationResults, evaluateBoxes, truthsOfDataset } from '../../src/evaluation';
import { Random } from '../../src/random';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { randomResults } from '../analysis/random-results';
import { browser, withPage } from '../frontends/browser';
import { scenes } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-report-comparison-'));
let data: LabDataset;
beforeAll(async () => {
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const quick = { resamples: 200 };

function reportOf(results: EvaluationResults): Report {
  const { dataset, images } = results;
  const detections = new Map(images.map(({ imageId, detections: found }) => [imageId, found]));
  const numbers = evaluateBoxes(truthsOfDataset(dataset), detections, { classes: dataset.classes });
  return new Report(numbers, dataset.name, 1, { results });
}

/** A detector that sees every object of a dataset, its boxes shifted at random. */
function shifted(dataset: Dataset, noise: number, seed: number): Report {
  const random = Random.seeded(seed);
  const images = dataset.records.map((record) => ({
    imageId: record.id,
    record,
    detections: {
      bboxes: record.truths.bboxes.map((v) => v + random.normal(0, noise)),
      scores: Float32Array.from(record.truths.labels, () => random.uniform(0.3, 1)),
      labels: record.truths.labels,
    },
  }));
  return reportOf({ dataset, images, metric: { type: 'CocoMetric' } });
}

const scene = { images: 60, classes: 2, seed: 1 };
const good = reportOf(randomResults({ ...scene, noise: 1 }));
const bad = reportOf(randomResults({ ...scene, noise: 6, detector: 2 }));
const same = reportOf(randomResults({ ...scene, noise: 1, detector: 3 }));

test('verdicts and numbers of the reports', async () => {
  const comparison = compare.reports({ good, bad, same }, { seed: 1 });
  expect(comparison.verdicts[0]).toMatch(
    /^bad is worse than good: AP −0\.\d{3} \(95% interval −0\.\d{3} to −0\.\d{3}\)$/,
  );
  expect(comparison.verdicts[1]).toMatch(/^same and good are not told apart: AP [+−]0\.\d{3} \(95% interval −/);
  const { metrics, perClass } = comparison.differences.bad;
  for (const name of ['AP', 'AP50', 'AP75'])
    expect(metrics[name].values).toEqual([good, bad].map((r) => r.metrics[name]));
  for (const [c, { values }] of perClass.entries())
    for (const [i, report] of [good, bad].entries()) expect(values[i]).toBeCloseTo(report.perClass[c].metrics.AP, 12);
  expect(String(comparison)).toMatch(/bad compared with good\n.*good +bad +difference/);
  expect(String(comparison)).toMatch(/AP class 1 +0\.\d{3} +0\.\d{3} +−0\.\d{3} +−0\.\d{3} to .*worse/);
  const turned = compare.reports({ good, bad }, { against: 'bad', seed: 1 });
  expect(turned.differences.good.metrics.AP).toMatchObject({ verdict: 'better', difference: -metrics.AP.difference });
});

test('saved as csv, json and html', async () => {
  const comparison = compare.reports({ good, '<b>bad</b>': bad }, quick);
  const read = async (name: string) => readFileSync(await comparison.save(join(folder, name)), 'utf8');
  const [head, first] = (await read('c.csv')).split('\r\n');
  expect(head).toBe('reference,other,row,reference_value,value,difference,low,high,verdict');
  expect(first).toMatch(/^good,<b>bad<\/b>,AP,0\..*,worse$/);
  expect(JSON.parse(await read('c.json'))).toMatchObject({ reference: 'good', comparisons: [{ other: '<b>bad</b>' }] });
  expect(await read('c.html')).not.toContain('<b>bad</b>');
  expect((await comparison[JUPYTER_DISPLAY]())['text/plain']).toBe(String(comparison));
});

test('several seeds: the means, and an interval over runs as well', () => {
  const others = [1, 4, 8].map((noise) => reportOf(randomResults({ ...scene, noise, detector: 10 + noise })));
  const comparison = compare.reports({ good, many: others }, quick);
  const mean = others.reduce((sum, report) => sum + report.metrics.AP, 0) / 3;
  expect(comparison.differences.many.metrics.AP.values[1]).toBeCloseTo(mean, 12);
  expect(String(comparison)).toContain('draws of the 60 images and of the runs of each');
});

test.skipIf(!browser)('the images that differ most are first, both detectors side by side', async () => {
  const [a, b] = [shifted(data.train, 0.5, 1), shifted(data.train, 3, 2)];
  const comparison = compare.reports({ a, b }, quick);
  const { images } = comparison.images(4);
  expect(images).toHaveLength(4);
  const sizes = images.flatMap(({ caption }) => /\(−(0\.\d+), right\)/.exec(caption!)?.[1] ?? []).map(Number);
  expect(sizes).toEqual([...sizes].sort((p, q) => q - p));
  expect(images[0].caption).toMatch(/^.*\.\w+: AP of a 0\.\d{3} \(left\), b 0\.\d{3} \(−0\.\d{3}, right\)$/);
  expect(new Set(images[0].boxes.map(({ side }) => side))).toEqual(new Set(['left', 'right']));
  expect(() => comparison.images(4, 'c')).toThrow(/expected one of b/);
  const file = await comparison.save(join(folder, 'images.html'));
  // each image is stored once for both
  expect(readFileSync(file, 'utf8').match(/data:image\/jpeg/g)).toHaveLength(4);
  await withPage(file, async (page) => {
    expect(await page.locator('p', { hasText: 'b is worse than a' }).count()).toBe(1);
    expect(await page.locator('.detlab-live').count()).toBe(1);
    expect(await page.locator('svg[aria-label$=", b"] rect[data-box]').count()).toBeGreaterThan(0);
  });
});

test('other images, other classes and reports without detections are refused', () => {
  const fewer = reportOf(randomResults({ ...scene, images: 50 }));
  const otherScene = reportOf(randomResults({ ...scene, seed: 2 }));
  const otherClasses = reportOf(randomResults({ ...scene, classes: 3 }));
  expect(() => compare.reports({ good })).toThrow(/two reports by name or more.*received 1/);
  expect(() => compare.reports({ good, fewer })).toThrow(
    /"fewer" with "good": it was evaluated on 50 images, and not on 60/,
  );
  expect(() => compare.reports({ good, otherScene })).toThrow(/the boxes of image \d+ \("\/images\/\d+.png"\) differ/);
  expect(() => compare.reports({ good, otherClasses })).toThrow(
    /the classes are class 0, class 1, class 2, and class 0/,
  );
  expect(() => compare.reports({ good, bad }, { against: 'goood' })).toThrow(/expected one of good, bad\..*good/);
  expect(() => compare.reports({ good, bare: new Report(good, 'bare', 1) })).toThrow(/compare "bare".*no detections/);
});
