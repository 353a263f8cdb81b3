// The player of a video in a saved page, in a headless Chromium: play, keys, the score slider, switches.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { VideoPlayer } from '../../../src/visualization/video-player';
import { browser, withPage } from '../../frontends/browser';

const folder = mkdtempSync(join(tmpdir(), 'detlab-player-'));
afterAll(() => rmSync(folder, { recursive: true }));

const EVIL = '<img src=x onerror=alert(1)>';
const pixels = (value: number) => ({
  data: new Uint8Array(3 * 40 * 30).fill(value),
  width: 40,
  height: 30,
  order: 'rgb' as const,
});
const frames = Array.from({ length: 6 }, (_, i) => ({
  source: `${EVIL}#${i}`,
  pixels: pixels(40 * i),
  width: 40,
  height: 30,
  time: i / 20,
  boxes: [
    { bbox: [i, 2, i + 10, 12], label: 0, score: 0.9 },
    { bbox: [20, 2, 30, 12], label: 1, score: 0.1 * i },
  ],
}));
async function* pixelsOf(every: number) {
  for (let i = 0; i < frames.length; i += every) yield pixels(40 * i);
}

describe.skipIf(!browser)('a saved player', () => {
  test('plays to its end, and shows what its controls say', { timeout: 60_000 }, async () => {
    const player = new VideoPlayer(frames, { title: EVIL, classes: ['car', EVIL], threshold: 0.3, pixelsOf });
    await withPage(await player.save(join(folder, 'player.html')), async (page) => {
      const said = () => page.textContent('.detlab-video-time output');
      const gray = () =>
        page.evaluate<number>(`document.querySelector('canvas').getContext('2d').getImageData(5, 25, 1, 1).data[0]`);
      expect(await said()).toBe('0.00 s · frame 0 · 1 box');
      await page.click('.detlab-video-time button');
      await page.waitForFunction(`document.querySelector('.detlab-video-time button').ariaLabel === 'play'`);
      expect(await said()).toBe('0.25 s · frame 5 · 2 boxes');
      expect(Math.abs((await gray()) - 200)).toBeLessThan(4);
      await page.focus('.detlab-video');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      expect(await said()).toBe('0.15 s · frame 3 · 2 boxes');
      expect(Math.abs((await gray()) - 120)).toBeLessThan(4);
      await page.fill('.detlab-live-bar input[type=range]', '0.5');
      expect(await said()).toBe('0.15 s · frame 3 · 1 box');
      await page.click('.detlab-live-chips button');
      expect(await said()).toBe('0.15 s · frame 3 · 0 boxes');
      await page.fill('.detlab-video-time input', '1');
      expect(await said()).toBe('0.05 s · frame 1 · 0 boxes');
      expect(await page.locator('img[src=x]').count()).toBe(0);
    });
  });
});
