// The batches that a recipe shows are those that its run trains on, pixel by pixel and box by box.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import type { PackedSample } from '../../src/data';
import { DetDataPreprocessor } from '../../src/models/data-preprocessors/det-data-preprocessor';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { hatchedPadding } from '../../src/visualization/hatched-padding';
import { shrunk } from './shrunk';
import { scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-batches-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Seen {
  values: Float32Array;
  samples: PackedSample[];
}

/** The batches that the network gets while training. */
function watchTraining(): { seen: Seen[]; restore: () => void } {
  const seen: Seen[] = [];
  const forward = DetDataPreprocessor.prototype.forward;
  const spy = vi.spyOn(DetDataPreprocessor.prototype, 'forward').mockImplementation(function (
    this: DetDataPreprocessor,
    samples,
    options,
  ) {
    const batch = forward.call(this, samples, options);
    if (options?.training) seen.push({ values: batch.inputs.dataSync<'float32'>().slice(), samples: batch.samples });
    return batch;
  });
  return { seen, restore: () => spy.mockRestore() };
}

const recipes = [
  ['faster-rcnn', () => small().classes(data.classes), 6],
  // resizes whole batches and mixes images
  ['yolox_tiny_8xb8-300e_coco', () => shrunk('yolox_tiny_8xb8-300e_coco', 8, data.classes), 3],
] as const;

test.each(recipes)('%s: the first batches are those of fit', async (_, recipe, batch) => {
  const options = { batch, seed: 5, epochs: 1 };
  const { seen, restore } = watchTraining();
  try {
    const stop = new AbortController();
    await recipe().fit(data, {
      ...options,
      workers: 0,
      workDir: false,
      log: () => {},
      signal: stop.signal,
      onStep: () => stop.abort(),
    });
    const [trained] = seen.splice(0);
    const tensors = tf.memory().numTensors;
    const shown = await recipe().batches(data, { ...options, count: 1 });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(seen).toHaveLength(1);
    expect(seen[0].values).toEqual(trained.values);
    const [images] = shown.batches;
    expect(images.map(({ sample }) => sample.meta)).toEqual(trained.samples.map(({ meta }) => meta));
    expect(images.map(({ sample }) => sample.truths)).toEqual(trained.samples.map(({ truths }) => truths));
  } finally {
    restore();
  }
});

test('the normalisation is undone, and the padding hatched', async () => {
  const recipe = small().classes(data.classes).set({ 'model.data_preprocessor.pad_size_divisor': 100 });
  const shown = await recipe.batches(data, { count: 1, batch: 2 });
  const [[{ image, sample }]] = shown.batches;
  expect([image.height, image.width]).toEqual([100, 100]);
  expect(sample.meta.imgShape).toEqual([64, 96]);
  const red = (data: ArrayLike<number>, width: number, order: string) =>
    data[3 * (10 * width + 20) + (order === 'rgb' ? 0 : 2)];
  expect(red(image.data, 100, image.order)).toBe(red(sample.image.data, 96, sample.image.order));
  // what is image stays, what is padding is neither black nor constant
  const hatched = hatchedPadding(image, sample.meta.imgShape);
  expect(red(hatched.data, 100, image.order)).toBe(red(image.data, 100, image.order));
  const padding = Array.from({ length: 100 }, (_, x) => hatched.data[3 * (80 * 100 + x)]);
  expect(new Set(padding).size).toBe(2);
  expect(Math.min(...padding)).toBeGreaterThan(90);
  expect(String(shown)).toContain('36.0%'.replace('36.0', ((1 - 0.64 * 0.96) * 100).toFixed(1)));
});

test('another seed gives other batches; a later epoch its own', async () => {
  const recipe = small().classes(data.classes);
  const files = async (options: object) =>
    (await recipe.batches(data, { count: 1, batch: 4, ...options })).batches[0].map(
      ({ sample }) => sample.meta.imgPath,
    );
  const first = await files({ seed: 1 });
  expect(await files({ seed: 1 })).toEqual(first);
  expect(await files({ seed: 2 })).not.toEqual(first);
  expect(await files({ seed: 1, epoch: 2 })).not.toEqual(first);
});

test('counts and epochs that make no sense are refused', async () => {
  const recipe = small().classes(data.classes);
  await expect(recipe.batches(data, { count: 0 })).rejects.toThrow(
    'Cannot show training batches: count: expected int > 0',
  );
  await expect(recipe.batches(data, { epoch: 0.5 })).rejects.toThrow(
    'Cannot show training batches: epoch: expected int > 0',
  );
});

test('truths have switches, colours and labels of live images', async () => {
  const shown = await small().classes(data.classes).batches(data, { count: 1, batch: 2 });
  const html = async (display: { [JUPYTER_DISPLAY](): unknown }) =>
    String(((await display[JUPYTER_DISPLAY]()) as Record<string, string>)['text/html']);
  const [name] = data.classes;
  const plain = await html(shown);
  expect(plain).toContain('showLiveImages(root, data)');
  expect(plain).toMatch(/pixels"/);
  const drawn = await html(shown.show({ palette: { [name]: '#123456' }, labels: false }));
  expect(drawn).toContain('#123456');
  expect(drawn).toContain('"labels":"none"');
  expect(() => shown.show({ pallete: [] } as object)).toThrow('Did you mean "palette"?');
});

test('is saved as image, page, table and data', async () => {
  const shown = await small().classes(data.classes).batches(data, { count: 1, batch: 2 });
  for (const name of ['b.png', 'b.svg', 'b.html', 'b.csv', 'b.json']) await shown.save(join(folder, name));
  await expect(shown.save(join(folder, 'b.bmp'))).rejects.toThrow('.png, .jpg, .svg, .html, .csv, .json');
});
