// What is kept of a COCO file is what was read; of a file that changed, or a damaged copy, it is read anew.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AnnotationTable } from '../../../../src/data/datasets/coco/annotation-table';
import { readContent } from '../../../../src/data/datasets/coco/content';
import { cachedContent } from '../../../../src/data/datasets/coco/content-cache';
import { annotation, newFolder, writeCoco } from '../cases';

let folder: string;
let file: string;
let cache: string;
const HOUR_AGO = Date.now() / 1000 - 3600;
beforeEach(() => {
  folder = newFolder();
  cache = path.join(folder, 'cache', 'annotations');
  file = write(10.25);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function write(x: number, changed = HOUR_AGO): string {
  const written = writeCoco(folder, {
    annotations: [
      ...Array.from({ length: 5000 }, (_, i) =>
        annotation({
          id: i + 1,
          bbox: [x, 20, 30, 40],
          segmentation: i < 4500 ? [[x, 20, 40, 20, 40, 60.5, 12, 60 + i / 8]] : [],
        }),
      ),
      annotation({ id: 'seven', bbox: [1, 2, '30', 40] }),
    ],
  });
  const whole = path.join(folder, 'instances.json');
  renameSync(written, whole);
  utimesSync(whole, changed, changed);
  return whole;
}

const open = async (options = {}) => {
  const read = vi.fn(readContent);
  const content = await cachedContent(file, read, { folder: cache, leastBytes: 1, ...options });
  return { content, times: read.mock.calls.length };
};
const tableOf = ({ length, chunks, objects, panoptic, texts }: AnnotationTable) => ({
  length,
  chunks: chunks.map((chunk) =>
    Object.entries(chunk).map(([name, column]) => [name, createHash('sha256').update(column).digest('hex')]),
  ),
  objects: [...objects],
  panoptic,
  blocks: texts.blocks.map((block) => createHash('sha256').update(block).digest('hex')),
});
const kept = () => readdirSync(cache).map((name) => path.join(cache, name));

it('gives the same from the cache', async () => {
  const first = await open();
  const second = await open();
  expect([first.times, second.times]).toEqual([1, 0]);
  const { annotations, ...rest } = second.content;
  const { annotations: parsed, ...parsedRest } = first.content;
  expect(rest).toEqual(parsedRest);
  expect(tableOf(annotations)).toEqual(tableOf(parsed));
  expect(annotations.objects.size).toBe(1);
  expect(statSync(kept()[0]).mode & 0o077).toBe(0);
  // a text added to it does not touch those that are there
  const place = annotations.texts.add(Buffer.from('[]'), 0, 2);
  expect(Buffer.from(annotations.texts.blocks[Math.floor(place / 2 ** 32)].subarray(0, 2)).toString()).toBe('[]');
  expect(tableOf(annotations).blocks[0]).toEqual(tableOf(parsed).blocks[0]);
});

it('reads a file anew that changed, also to the same size', async () => {
  await open();
  const { size } = statSync(file);
  write(10.75, HOUR_AGO + 1);
  expect(statSync(file).size).toBe(size);
  const { content, times } = await open();
  expect(times).toBe(1);
  expect(content.annotations.chunks[0].boxes[0]).toBe(10.75);
  expect((await open()).times).toBe(0);
  expect(kept()).toHaveLength(1);
});

it('does not keep a file that was just written, is small, too large, or by the environment', async () => {
  write(10.25, Date.now() / 1000);
  await open();
  expect((await open()).times).toBe(1);
  write(10.25);
  for (const options of [{ leastBytes: 2 ** 30 }, { fileBytes: 1000 }]) {
    await open(options);
    expect((await open(options)).times).toBe(1);
  }
  vi.stubEnv('DETLAB_ANNOTATION_CACHE', '0');
  await open();
  expect((await open()).times).toBe(1);
});

it.each([
  ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1000)],
  ['cut off in its header', (bytes: Buffer) => bytes.subarray(0, 20)],
  ['empty', () => Buffer.alloc(0)],
  ['of something else', () => Buffer.from('SQLite format 3\0 and more')],
  ['with a huge header', (bytes: Buffer) => bytes.fill(0xff, 8, 12)],
  ['with a broken header', (bytes: Buffer) => bytes.fill(0x7b, 12, 40)],
])('reads the file where the copy is %s, and keeps it again', async (_, damage) => {
  await open();
  const [place] = kept();
  writeFileSync(place, damage(readFileSync(place)));
  const { content, times } = await open();
  expect(times).toBe(1);
  expect(content.annotations.length).toBe(5001);
  expect((await open()).times).toBe(0);
});

it('removes what was used longest ago', async () => {
  await open();
  const [first] = kept();
  utimesSync(first, HOUR_AGO, HOUR_AGO);
  const { size } = statSync(first);
  const other = path.join(folder, 'other.json');
  writeFileSync(other, readFileSync(file));
  utimesSync(other, HOUR_AGO, HOUR_AGO);
  await cachedContent(other, readContent, { folder: cache, leastBytes: 1, allBytes: 1.5 * size });
  expect(kept()).toHaveLength(1);
  expect(kept()[0]).not.toBe(first);
});
