// The watched images of a run: spread evenly or asked for, redrawn in one display, and only the newest detections kept.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import type { Detections } from '../../src/data';
import { watchedImages } from '../../src/lab/watched';
import { JUPYTER_DISPLAY, type MimeBundle } from '../../src/visualization/display';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-watched-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const NOTEBOOK = Symbol.for('detlab.notebook');
const shared = globalThis as Record<symbol, unknown>;
afterEach(() => {
  delete shared[NOTEBOOK];
});

const found = (score: number): Detections => ({
  bboxes: Float32Array.of(10, 10, 50, 40, 0, 0, 9, 9),
  scores: Float32Array.of(score, 0.1),
  labels: Int32Array.of(1, 0),
});

test('are spread evenly over the images with objects, and the same each time', () => {
  const { train } = data;
  const records = train.records.map((record, i) =>
    i % 3 === 0 ? { ...record, truths: { ...record.truths, labels: new Int32Array() } } : record,
  );
  const ids = (count: number) => watchedImages({ ...train, records }, count)?.images.map(({ id }) => id);
  expect(ids(4)).toEqual([2, 5, 8, 11].map((i) => records[i].id));
  expect(ids(4)).toEqual(ids(4));
  expect(ids(100)).toHaveLength(8);
  expect(ids(0)).toBeUndefined();
  expect(watchedImages(train, false)).toBeUndefined();
});

test('are those asked for, by id or file name; others are an error with the nearest', () => {
  const [a, b, c] = data.train.records;
  const name = c.path.split('/').at(-1)!;
  expect(watchedImages(data.train, [b.id, name, a.id])?.images.map(({ id }) => id)).toEqual([b.id, c.id, a.id]);
  expect(() => watchedImages(data.train, [`${name}g`])).toThrow(
    `has no image of this file name. Did you mean "${name}"?`,
  );
  expect(() => watchedImages(data.train, [-7])).toThrow(
    /Cannot watch -7: ".*" has no image of this id\. .*Its first are/,
  );
  expect(() => watchedImages(data.train, 1.5)).toThrow(/expected a whole number/);
});

test('show ground truth and the newest detections, and are saved', async () => {
  const watched = watchedImages(data.val!, 2)!;
  const [{ id, file, record }, second] = watched.images;
  const count = record.truths.labels.length;
  const draw = async (score: number, place: string) => {
    const others = { imageId: -1, detections: found(score) };
    watched.take(
      [{ imageId: id, detections: found(score) }, { imageId: second.id, detections: found(0.01) }, others],
      place,
    );
    return (await watched[JUPYTER_DISPLAY]())['text/html'] as string;
  };
  expect(String(watched)).toMatch(/^watched images\n/);
  const early = await draw(0.2, 'epoch 1');
  const late = await draw(0.8, 'epoch 2');
  const pixels = (html: string) => html.match(/<img /g)!;
  expect(early).toContain(`${file}: ${count} object`);
  expect(early).toContain('best score 0.20');
  expect(late).toContain('best score 0.80');
  expect(pixels(early)).toHaveLength(2);
  expect(String(watched)).toMatch(/^watched images after epoch 2\n/);
  expect(watched.images.map(({ detections }) => detections?.scores[0].toFixed(2))).toEqual(['0.80', '0.01']);
  await expect(watched.save(join(folder, 'w.csv'))).resolves.toBe(join(folder, 'w.csv'));
  await expect(watched.save(join(folder, 'w.pdf'))).rejects.toThrow(/expected an extension of \.png, \.jpg, \.svg/);
});

test('in a notebook a run redraws six of them in one display; with a log of its own it shows none', async () => {
  const shown: [id: string | undefined, html: string][] = [];
  shared[NOTEBOOK] = {
    signal: new AbortController().signal,
    display: (bundle: MimeBundle, { id }: { id?: string } = {}) => void shown.push([id, String(bundle['text/html'])]),
  };
  const { log: _, ...options } = quick;
  const run = await small().fit(data, { ...options, seed: 1 });
  const drawings = shown.filter(([, html]) => html.includes('detlab-live'));
  expect(drawings).toHaveLength(2);
  expect(new Set(drawings.map(([id]) => id)).size).toBe(1);
  // there are three validation images
  expect(run.watched?.images).toHaveLength(3);
  expect(run.watched?.place).toBe('epoch 2');
  run.model.dispose();
  const quiet = await small().fit(data, { ...quick, epochs: 1 });
  expect(quiet.watched).toBeUndefined();
  quiet.model.dispose();
});
