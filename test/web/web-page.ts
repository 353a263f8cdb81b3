// Pages of models in a headless Chromium.

import { createCanvas } from '@napi-rs/canvas';
import type { Page } from 'playwright-core';
import type { LiveImageData } from '../../src/visualization/live-image-data';
import type { Found } from './agreement';

/** A scene of rectangles as a PNG: decoded to the same values everywhere. */
export function scenePng(width = 128, height = 96): Buffer {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  for (let i = 0; i < 24; i++) {
    context.fillStyle = `rgb(${(i * 53) % 256}, ${(i * 97) % 256}, ${(i * 29) % 256})`;
    context.fillRect((i * 31) % width, (i * 23) % height, 10 + ((i * 7) % 40), 8 + ((i * 5) % 30));
  }
  return canvas.toBuffer('image/png');
}

export interface GivenFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

export const png = (name = 'scene.png', buffer = scenePng()): GivenFile => ({ name, mimeType: 'image/png', buffer });

/** Gives files to a page and waits until each has its detections or a problem. */
export async function give(page: Page, files: readonly GivenFile[]): Promise<LiveImageData[]> {
  await page.evaluate(
    `if (!globalThis.found) {
      globalThis.found = [];
      document.addEventListener('detlab-detections', (event) => found.push(event.detail));
    }`,
  );
  const count = (): Promise<number> =>
    page.evaluate("found.length + document.querySelectorAll('.detlab-demo-problems li').length");
  const before = await count();
  await page.setInputFiles('input[type=file]', [...files]);
  for (let waited = 0; (await count()) < before + files.length; waited += 50) {
    if (waited > 90_000) throw new Error(`no answer: ${await page.textContent('body')}`);
    await page.waitForTimeout(50);
  }
  return page.evaluate<LiveImageData[]>('found');
}

export const problems = (page: Page): Promise<string[]> =>
  page.locator('.detlab-demo-problems li span').allTextContents();

/** The detections of an image as `model.predict` gives them. */
export const foundIn = ({ boxes }: LiveImageData, classes: readonly string[]): Found[] =>
  boxes.map(([x1, y1, x2, y2, label, score]) => ({ label: classes[label], score: score ?? 0, bbox: [x1, y1, x2, y2] }));
