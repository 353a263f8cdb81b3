// The curves of a report: equal to its AP, saved in every format, and brought to life in a browser.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { evaluateBoxes, truthsOfDataset } from '../../src/evaluation';
import { reportCurves } from '../../src/lab/report-curves';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { FRAME } from '../../src/visualization/unit-plot';
import { randomResults } from '../analysis/random-results';
import { browser, withPage } from '../frontends/browser';
import { pixels } from '../visualization/pixels';

const folder = mkdtempSync(join(tmpdir(), 'detlab-curves-'));
afterAll(() => rmSync(folder, { recursive: true }));

const EVIL = '<img src=x onerror=alert(1)>';
const results = randomResults({ images: 40, classes: 2, seed: 3 });
results.dataset.classes[1] = EVIL;
const curves = reportCurves(results, { iou: [0.75, 0.5], resamples: 100 });

test('the AP of every class is that of the evaluation', () => {
  const { classes } = results.dataset;
  const detections = new Map(results.images.map(({ imageId, detections }) => [imageId, detections]));
  expect(curves.data.map(({ iou }) => iou)).toEqual([0.5, 0.75]);
  for (const { iou, series } of curves.data) {
    const report = evaluateBoxes(truthsOfDataset(results.dataset), detections, { classes, iouThresholds: [iou] });
    expect(series.map(({ ap }) => ap)).toEqual([report, ...report.perClass].map(({ metrics }) => metrics.AP));
    expect(series.map(({ name }) => name)).toEqual(['all classes', ...classes]);
  }
});

test('text, table and every format', async () => {
  expect(String(curves)).toMatch(/all classes +\d+ +0\.\d{3}/);
  const bundle = await curves[JUPYTER_DISPLAY]();
  expect(String(bundle['text/html'])).not.toContain(EVIL);
  const read = async (name: string) => readFileSync(await curves.save(join(folder, name)), 'utf8');
  const [head, ...rows] = (await read('c.csv')).trim().split('\r\n');
  expect(head).toBe('iou,class,score,true_positives,false_positives,truths,precision,recall,f1');
  expect(rows.length).toBeGreaterThan(100);
  const row = rows[20].split(',').map(Number);
  expect(row[6]).toBe(row[3] / (row[3] + row[4]));
  expect(row[7]).toBe(row[3] / row[5]);
  const json = JSON.parse(await read('c.json'));
  expect(json.ious[0].series[1].envelope).toHaveLength(101);
  expect(await read('c.svg')).not.toMatch(/NaN|undefined/);
  expect((await pixels(readFileSync(await curves.save(join(folder, 'c.png'))))).width).toBe(2280);
  await expect(curves.save(join(folder, 'c.gif'))).rejects.toThrow(/\.png, \.svg, \.html, \.csv, \.json/);
});

test('many scores are thinned, and the thresholds asked for are exact', () => {
  const many = reportCurves(randomResults({ images: 300, classes: 1 }), { resamples: 100 }).data[0].series[0];
  expect(many.counts.scores.length).toBeLessThan(230);
  expect(many.counts.scores).toContain(many.best!.score);
});

test('without any detection, there are no curves and no error', () => {
  const images = results.images.map(({ imageId, record }) => ({
    imageId,
    record,
    detections: { bboxes: new Float32Array(), scores: new Float32Array(), labels: new Int32Array() },
  }));
  const empty = reportCurves({ ...results, images }, { resamples: 100 });
  expect(empty.data[0].series[0]).toMatchObject({ ap: 0, best: undefined, calibration: { ece: null, count: 0 } });
  expect(String(empty)).toMatch(/all classes +\d+ +0\.000 +–/);
});

test.skipIf(!browser)('in a saved page the rule is dragged, a precision reached, a class looked at', async () => {
  const file = await curves.save(join(folder, 'c.html'));
  await withPage(file, async (page) => {
    const numbers = async () => String(await page.locator('[data-part="numbers"]').textContent());
    const best = curves.data[0].series[0].best!;
    expect(await numbers()).toContain(`score ${best.score.toFixed(3)}: precision ${best.precision.toFixed(3)}`);

    const plot = page.locator('svg:has([data-part="rule"])');
    const { x, y, width, height } = (await plot.boundingBox())!;
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.6, y + height / 2);
    await page.mouse.up();
    const moved = Number(/score (0\.\d+)/.exec(await numbers())![1]);
    expect(moved).toBeCloseTo((0.6 * FRAME.width - FRAME.left) / (FRAME.width - FRAME.left - FRAME.right), 2);

    await page.locator('tr[data-series="1"]').click();
    const { best: own, counts } = curves.data[0].series[1];
    await plot.press('ArrowRight');
    expect(await numbers()).toContain(`score ${(own!.score + 0.01).toFixed(3)}`);
    await page.locator('[data-part="asked"]').fill('0.6');
    await page.locator('[data-part="reach"]').click();
    const { scores, trues, counted } = counts;
    const lowest = scores.filter((_, i) => trues[i] / counted[i] >= 0.6).at(-1)!;
    expect(await numbers()).toContain(`score ${lowest.toFixed(3)}: precision`);
    await page.locator('[data-part="asked"]').fill('1.01');
    await page.locator('[data-part="reach"]').click();
    expect(await numbers()).toContain('a precision of 1.01 is never reached; the highest: score');

    await page.locator('[data-part="iou"]').selectOption('1');
    const { ap } = curves.data[1].series[1];
    expect(await page.locator('[data-part="ap"]').textContent()).toContain(`AP ${ap.toFixed(3)} at IoU 0.75`);
  });
});
