// Toytown: the same bytes for the same seed, truths that fit the picture, resumable, a sound COCO dataset.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/loading/decode';
import { streamFor } from '../../src/data/loading/random-streams';
import { generateToytown, loadToytown } from '../../src/data/toytown/generate';
import { composeScene } from '../../src/data/toytown/scene';
import { TOYTOWN_CLASSES } from '../../src/data/toytown/thing';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'detlab-toytown-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('writes both splits, finds them again, and goes on after an interruption', async () => {
  const options = { images: 10, seed: 3, dir };
  const abort = new AbortController();
  const stop = (done: number) => done === 4 && abort.abort();
  await expect(generateToytown({ ...options, onProgress: stop, signal: abort.signal })).rejects.toThrow(/interrupted/);
  const folder = readdirSync(dir)[0];
  expect(readdirSync(path.join(dir, folder, 'train')).length).toBe(4);
  const first = path.join(dir, folder, 'train', '000001.jpg');
  const written = statSync(first).mtimeMs;

  const files = await generateToytown(options);
  expect([files.train.images, files.val.images]).toEqual([8, 2]);
  expect(readdirSync(files.train.imgDir).length).toBe(8);
  expect(statSync(first).mtimeMs).toBe(written);
  const bytes = readFileSync(first);
  const annotations = readFileSync(files.train.annFile, 'utf8');

  // Everything gone but the folder: made again, byte for byte.
  unlinkSync(files.train.annFile);
  unlinkSync(first);
  await generateToytown(options);
  expect(readFileSync(first).equals(bytes)).toBe(true);
  expect(readFileSync(files.train.annFile, 'utf8')).toBe(annotations);
});

it('loads without a problem, images of the size asked for', async () => {
  const { train, val } = await loadToytown({ images: 10, seed: 3, dir });
  expect(train.classes).toEqual([...TOYTOWN_CLASSES]);
  expect([...train.problems, ...val.problems]).toEqual([]);
  expect(train.records.length + val.records.length).toBe(10);
  const image = await decodeImage(val.records[0].path);
  expect([image.width, image.height]).toEqual([320, 240]);
  expect(new Set(train.records.map(({ id }) => id)).size).toBe(train.records.length);
});

it('truths lie in the image, polygons within boxes, areas within both', () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 30; i++)
    for (const truth of composeScene(320, 240, streamFor(5, i)).truths) {
      const [x, y, w, h] = truth.bbox;
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(x + w).toBeLessThanOrEqual(320.01);
      expect(y + h).toBeLessThanOrEqual(240.01);
      expect(truth.area).toBeLessThanOrEqual((w + 1) * (h + 1));
      expect(truth.area).toBeGreaterThan(0.2 * w * h);
      for (const part of truth.segmentation)
        for (let k = 0; k < part.length; k += 2) {
          expect(part[k]).toBeGreaterThanOrEqual(x - 0.02);
          expect(part[k]).toBeLessThanOrEqual(x + w + 0.02);
          expect(part[k + 1]).toBeGreaterThanOrEqual(y - 0.02);
          expect(part[k + 1]).toBeLessThanOrEqual(y + h + 0.02);
        }
      counts.set(truth.class, (counts.get(truth.class) ?? 0) + 1);
    }
  for (const name of TOYTOWN_CLASSES) expect(counts.get(name)).toBeGreaterThan(20);
});

it('refuses impossible sizes in words', async () => {
  await expect(generateToytown({ images: 1, dir })).rejects.toThrow(/images.*from 2/);
  await expect(generateToytown({ valShare: 1, dir })).rejects.toThrow(/valShare/);
});
