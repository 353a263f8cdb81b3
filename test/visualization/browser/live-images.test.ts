// Live images in a saved page, in a headless Chromium: the slider, switches, tooltips, sorting and enlarging; light and dark.
// Skipped, with a notice, where there is no browser.

import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../src/paths';
import { type LiveBox, type LiveImage, LiveImages } from '../../../src/visualization/live-images';
import { browser, withPage } from '../../frontends/browser';

if (!browser) console.log('The test of live images in a page is skipped: no chromium on the PATH');

const EVIL = '<img src=x onerror=alert(1)>';
const folder = mkdtempSync(join(tmpdir(), 'detlab-live-page-'));
const artefacts = join(packageRoot, 'runs', 'frontends');

function image(name: string, boxes: readonly LiveBox[], values: Record<string, number>): LiveImage {
  const [width, height] = [160, 120];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => 80 + ((i / 3) % width) * 0.8);
  return { source: name, pixels: { data, width, height, order: 'rgb' }, width, height, boxes, values };
}
const images = [
  image(
    'a.jpg',
    [
      { bbox: [20, 30, 90, 100], label: 0, state: 'truth', foundUpTo: 0.8 },
      { bbox: [22, 32, 92, 98], label: 0, score: 0.8, state: 'true positive', iou: 0.87654, met: `car 0 ${EVIL}` },
      { bbox: [100, 10, 150, 60], label: 1, score: 0.4, state: 'background' },
    ],
    { AP: 0.9 },
  ),
  image('b.jpg', [{ bbox: [20, 30, 90, 100], label: 1, score: 0.35, state: 'wrong class', iou: 0.7 }], { AP: 0.1 }),
];
const options = { classes: ['car', EVIL], title: 'cars' };

const labels = (page: Page) => page.locator('.detlab-live svg text').allTextContents();
const setThreshold = (page: Page, value: string) => page.locator('.detlab-live input[type=range]').fill(value);
const captions = (page: Page) => page.locator('.detlab-live figcaption').allTextContents();

describe.skipIf(!browser)('a saved page', () => {
  test('slider, switches and tooltips', { timeout: 60_000 }, async () => {
    const file = await new LiveImages(images, options).save(join(folder, 'gallery.html'));
    await withPage(file, async (page) => {
      expect(await page.locator('.detlab-live figure').count()).toBe(2);
      // the truth that is found has none
      expect(await labels(page)).toEqual([`${EVIL} 0.40`, 'car 0.80', `${EVIL} 0.35`]);
      await setThreshold(page, '0.5');
      await expect.poll(() => labels(page)).toEqual(['car 0.80']);
      // above the score of its finder a truth is missed
      await setThreshold(page, '0.9');
      await expect.poll(() => labels(page)).toEqual(['car']);
      expect(await page.locator('.detlab-live svg path[stroke="#ffd60a"]').count()).toBe(1);
      await setThreshold(page, '0');
      await page.getByRole('button', { name: /true positive/ }).click();
      await expect.poll(() => labels(page)).toEqual([`${EVIL} 0.40`, `${EVIL} 0.35`]);
      await page.getByRole('button', { name: /true positive/ }).click();
      await expect.poll(() => labels(page)).toHaveLength(3);

      const tip = page.locator('.detlab-live-tip');
      await page.locator('rect[data-box="1"]').first().hover();
      expect(await tip.isVisible()).toBe(true);
      const detection = `car 0.800\ntrue positive\nIoU 0.877\nmet car 0 ${EVIL}`;
      // the truth is nearly the same box
      expect(await tip.textContent()).toBe(`${detection}\n\ncar\ntruth\nfound up to a score of 0.80`);
      await page.locator('rect[data-box="2"]').focus();
      expect(await tip.textContent()).toBe(`${EVIL} 0.400\nbackground`);
      await page.keyboard.press('ArrowLeft');
      expect(await tip.textContent()).toBe(detection);
      expect(await page.locator('img[src="x"]').count()).toBe(0);
      mkdirSync(artefacts, { recursive: true });
      await page.screenshot({ path: join(artefacts, 'live images light.png') });
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.screenshot({ path: join(artefacts, 'live images dark.png') });
    });
  });

  test('points and minor boxes: switched with their class, a tooltip each, no label', { timeout: 60_000 }, async () => {
    const boxes: LiveBox[] = [
      { bbox: [20, 30, 90, 100], label: 0, text: `1 ${EVIL}: none`, dashed: true, note: `anchors: ${EVIL}` },
      { bbox: [30, 40, 80, 90], label: 0, minor: true },
      { bbox: [100, 10, 150, 60], label: 1 },
    ];
    const points = [
      { x: 12, y: 14, radius: 4, label: 0, text: `anchor 7 of ${EVIL}` },
      { x: 130, y: 110, radius: 4, label: 1, text: 'anchor 8' },
    ];
    const shown = new LiveImages([{ ...image('p.jpg', boxes, {}), points }], { ...options, color: 'class' });
    const file = await shown.save(join(folder, 'points.html'));
    await withPage(file, async (page) => {
      const circles = page.locator('.detlab-live circle');
      await expect.poll(() => labels(page)).toEqual([EVIL, `1 ${EVIL}: none`]);
      expect(await circles.count()).toBe(2);
      expect(await captions(page)).toEqual(['p.jpg \u00b7 2 boxes']);
      await circles.first().hover();
      expect(await page.locator('.detlab-live-tip').textContent()).toBe(`anchor 7 of ${EVIL}`);
      await page.locator('.detlab-live rect[data-box="0"]').focus();
      expect(await page.locator('.detlab-live-tip').textContent()).toBe(`car\nanchors: ${EVIL}`);
      await page.getByRole('button', { name: /^car/ }).click();
      await expect.poll(() => circles.count()).toBe(1);
      expect(await labels(page)).toEqual([EVIL]);
    });
    // the same in files without scripts
    expect(await shown.svg()).toContain("<circle data-point='1'");
    expect((await shown.png()).equals(await shown.with({ palette: ['#123456'] }).png())).toBe(false);
  });

  test('sorting, enlarging, colours; the image is in the page once', { timeout: 60_000 }, async () => {
    const file = await new LiveImages(images, options).save(join(folder, 'sorted.html'));
    await withPage(file, async (page) => {
      const order = async () => (await captions(page)).map((text) => text.slice(0, 5));
      expect(await order()).toEqual(['a.jpg', 'b.jpg']);
      await page.getByLabel('sorted by').selectOption('AP');
      expect(await order()).toEqual(['b.jpg', 'a.jpg']);
      const width = async () => (await page.locator('.detlab-live figure').first().boundingBox())!.width;
      const small = await width();
      await page
        .locator('.detlab-live-panes')
        .first()
        .click({ position: { x: 2, y: 2 } });
      expect(await width()).toBeGreaterThan(1.8 * small);
      await page.getByLabel('colour').selectOption('class');
      await expect.poll(() => page.locator('.detlab-live svg path[stroke="#2fb344"]').count()).toBe(0);
      const sources = await page
        .locator('.detlab-live image')
        .evaluateAll((all) => all.map((e) => e.getAttribute('href')));
      expect(sources.map((source) => source?.slice(0, 23))).toEqual(Array(2).fill('data:image/jpeg;base64,'));
    });
  });

  test('side by side: truths left, predictions right', { timeout: 60_000 }, async () => {
    const sideBySide = new LiveImages(images.slice(0, 1), { ...options, sideBySide: true });
    await withPage(await sideBySide.save(join(folder, 'sides.html')), async (page) => {
      const panes = page.locator('.detlab-live-panes svg');
      expect(await panes.count()).toBe(2);
      expect(await panes.nth(0).locator('text').allTextContents()).toEqual(['car']);
      expect(await panes.nth(1).locator('text').allTextContents()).toEqual([`${EVIL} 0.40`, 'car 0.80']);
      await page.screenshot({ path: join(artefacts, 'live images side by side.png') });
    });
  });

  test('500 boxes follow the slider within a quarter of a second', { timeout: 60_000 }, async () => {
    const boxes = Array.from({ length: 500 }, (_, i) => ({
      bbox: [i / 5, 9, 40 + i / 5, 99],
      label: 0,
      score: i / 500,
    }));
    const file = await new LiveImages([image('many.jpg', boxes, {})], options).save(join(folder, 'many.html'));
    await withPage(file, async (page) => {
      const times: number[] = await page.evaluate(`(async () => {
        const frame = () => new Promise((done) => requestAnimationFrame(done));
        const slider = document.querySelector('.detlab-live input[type=range]');
        const times = [];
        for (const value of [0, 0.1, 0.05, 0.2, 0]) {
          const started = performance.now();
          slider.value = value;
          slider.dispatchEvent(new Event('input'));
          await frame();
          await frame();
          times.push(performance.now() - started);
        }
        return times;
      })()`);
      const slow = times.sort((a, b) => a - b)[2];
      expect(slow).toBeLessThan(250);
      expect(await page.locator('rect[data-box]').count()).toBe(500);
    });
  });
});
