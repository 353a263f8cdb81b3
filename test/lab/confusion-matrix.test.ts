// The confusion matrix of a report: numbers, formats, and a click on a cell in a saved page.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { browser, withPage } from '../frontends/browser';
import { evaluatedScenes } from './evaluated-scenes';

const folder = mkdtempSync(join(tmpdir(), 'detlab-confusion-'));
afterAll(() => rmSync(folder, { recursive: true }));

const EVIL = '<img src=x onerror=alert(1)>';
let report: Report;
beforeAll(async () => {
  report = await evaluatedScenes(folder);
  report.results!.dataset.classes[0] = EVIL;
});

test('counts, shares and pairs agree, in every format', async () => {
  const matrix = report.confusion({ normalize: true });
  const size = matrix.classes.length + 1;
  for (const [r, row] of matrix.counts.entries()) {
    const sum = row.reduce((a, b) => a + b, 0);
    if (sum > 0) expect(matrix.normalized[r].reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  }
  const [worst] = matrix.pairs;
  const place = (name: string) => matrix.classes.indexOf(name);
  expect(matrix.counts[place(worst.truth)][place(worst.detection)]).toBe(worst.count);
  const read = async (name: string) => readFileSync(await matrix.save(join(folder, name)), 'utf8');
  const csv = (await read('c.csv')).trim().split('\r\n');
  expect(csv.length).toBe(size + 1);
  expect(csv[2].split(',').slice(1).map(Number)).toEqual(matrix.counts[1]);
  expect(JSON.parse(await read('c.json')).counts).toEqual(matrix.counts);
  expect(await read('c.svg')).not.toMatch(/NaN|undefined|<img/);
  expect((await read('c.png')).slice(1, 4)).toBe('PNG');
  expect(String(matrix)).toContain('most confused:');
  const bundle = await matrix[JUPYTER_DISPLAY]();
  expect(String(bundle['text/html'])).not.toContain(EVIL);
  expect(() => report.confusion({ scores: 0.3 } as never)).toThrow('Did you mean "score"');
  expect(() => report.confusion({ limit: -1 })).toThrow('limit: expected int >= 0, received the number -1');
});

test('images are bounded, and missing files do no harm', async () => {
  const images = async (options: Parameters<Report['confusion']>[0]) => {
    const file = await report.confusion(options).save(join(folder, 'bounded.html'));
    return readFileSync(file, 'utf8').match(/data:image\/jpeg/g)?.length ?? 0;
  };
  expect(await images({ limit: 3 })).toBe(3);
  expect(await images({ imagesPerCell: 0 })).toBe(0);
  const { record } = report.results!.images[0];
  const { path } = record;
  record.path = join(folder, 'not-there.png');
  expect(await images({ limit: 50, imagesPerCell: 50 })).toBe(report.results!.images.length - 1);
  record.path = path;
});

test.skipIf(!browser)('a click on a cell shows its images with the boxes that it counts', async () => {
  const matrix = report.confusion();
  const [pair] = matrix.pairs;
  const [r, c] = [pair.truth, pair.detection].map((name) => matrix.classes.indexOf(name));
  await withPage(await matrix.save(join(folder, 'click.html')), async (page) => {
    expect(await page.locator('.detlab-heat-images').isVisible()).toBe(false);
    await page.click(`td[data-r="${r}"][data-c="${c}"]`);
    await page.waitForSelector('.detlab-heat-images .detlab-live-tile svg rect[data-box]');
    expect(await page.locator('.detlab-heat-say').textContent()).toContain(`${pair.count} × ${pair.truth} taken for`);
    const tiles = await page.locator('.detlab-live-tile').count();
    expect(tiles).toBeGreaterThan(0);
    expect(tiles).toBeLessThanOrEqual(6);
    await page.check('.detlab-heat-shares');
    const text = await page.locator(`td[data-r="${r}"][data-c="${c}"]`).textContent();
    expect(text).toBe(matrix.normalized[r][c].toFixed(2));
  });
});
