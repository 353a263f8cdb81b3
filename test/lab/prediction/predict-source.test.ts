// Predictions on whatever holds images: the same detections of every form, of batches and one by one; what is skipped, stopped,
// and streamed.

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createCanvas, ImageData } from '@napi-rs/canvas';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Model, PredictionList, Predictions, VideoPredictions } from '../../../src';
import { decodeImage } from '../../../src/data';
import { clip, hasFfmpeg } from '../../ffmpeg';
import { scenes, small } from '../small';

let root: string;
let model: Model;
let files: string[];
let server: Server;
let address: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'detlab-predict-'));
  const town = await scenes(join(root, 'town'));
  files = town.train.records.map(({ path }) => path);
  model = await small().classes(town.classes).build({ seed: 4 });
  vi.stubEnv('DETLAB_OFFLINE', '');
  server = createServer((_, response) => response.end(readFileSync(files[0])));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/street.jpg?key=1`;
}, 120_000);
afterAll(() => {
  server.close();
  model.dispose();
  rmSync(root, { recursive: true, force: true });
});

const plain = (predictions: Predictions) => predictions.map((p) => ({ ...p }));

test('a file, its bytes, pixels, a canvas, a tensor and its address have the same detections', async () => {
  const [file] = files;
  const expected = await model.predict(file);
  expect(expected.length).toBeGreaterThan(3);
  const bytes = readFileSync(file);
  const pixels = await decodeImage(file);
  const rgba = new Uint8ClampedArray(4 * pixels.width * pixels.height).fill(255);
  for (let i = 0; i < pixels.width * pixels.height; i++) rgba.set(pixels.data.subarray(3 * i, 3 * i + 3), 4 * i);
  const data = new ImageData(rgba, pixels.width, pixels.height);
  const canvas = createCanvas(pixels.width, pixels.height);
  canvas.getContext('2d').putImageData(data, 0, 0);
  const tensor = tf.tensor3d(Array.from(pixels.data), [pixels.height, pixels.width, 3], 'int32');
  const bgr = { ...pixels, order: 'bgr' as const, data: new Uint8Array(pixels.data) };
  for (let i = 0; i < bgr.data.length; i += 3) [bgr.data[i], bgr.data[i + 2]] = [bgr.data[i + 2], bgr.data[i]];
  const forms = {
    bytes,
    pixels,
    canvas,
    data,
    tensor,
    bgr,
    address,
    url: pathToFileURL(file),
    dataUrl: `data:;base64,${bytes.toString('base64')}`,
  };
  for (const [name, form] of Object.entries(forms))
    expect([name, plain(await model.predict(form))]).toEqual([name, plain(expected)]);
  const all = await model.predict(Object.values(forms));
  for (const one of all) expect(plain(one)).toEqual(plain(expected));
  expect(all.map(({ source }) => source).slice(0, 2)).toEqual(['image 1', 'image 2']);
  tensor.dispose();
});

test('batches of images of several sizes are those of each alone, in the order of the source', async () => {
  const sizes = [
    [96, 64],
    [64, 96],
    [96, 60],
    [50, 90],
  ];
  const images = await Promise.all(
    Array.from({ length: 11 }, (_, i) => {
      const [width, height] = sizes[i % sizes.length];
      return sharp(files[i]).resize(width, height, { fit: 'fill' }).png().toBuffer();
    }),
  );
  const alone = await model.predict(images);
  const done: number[] = [];
  for (const batch of [2, 4, 16]) {
    const together = await model.predict(images, { batch, onProgress: (n) => done.push(n) });
    expect(together).toHaveLength(11);
    for (const [i, found] of together.entries()) {
      expect([i, found.length, found.map(({ label }) => label)]).toEqual([
        i,
        alone[i].length,
        alone[i].map(({ label }) => label),
      ]);
      const numbers = (p: Predictions) => p.flatMap(({ score, bbox }) => [score, ...bbox]);
      for (const [k, value] of numbers(found).entries())
        expect(Math.abs(value - numbers(alone[i])[k])).toBeLessThan(1e-3);
    }
  }
  expect(done.slice(0, 11)).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
});

test('a folder and a pattern; a bad file is named and skipped', async () => {
  const folder = join(root, 'photos');
  mkdirSync(folder);
  for (const [i, name] of ['a.jpg', 'b.jpg', 'd.jpg'].entries()) copyFileSync(files[i], join(folder, name));
  writeFileSync(join(folder, 'c.jpg'), 'no image');
  const found: PredictionList = await model.predict([folder], { batch: 2 });
  expect(found.map(({ source }) => source)).toEqual(['a.jpg', 'b.jpg', 'd.jpg']);
  expect(found.skipped).toEqual([
    { name: 'c.jpg', file: join(folder, 'c.jpg'), message: expect.stringMatching(/^Cannot decode image ".*c\.jpg"/) },
  ]);
  expect(found.stopped).toBe(false);
  expect(found.toString()).toContain('1 of 4 images skipped:\nCannot decode image');
  expect(await found.show().html()).toContain('1 of 4 images skipped:');
  expect((await model.predict(`${folder}/*.jpg`)).length).toBe(3);
  expect(await model.predict(folder as `${string}/`)).toBeInstanceOf(PredictionList);
  await expect(model.predict(join(folder, 'c.jpg'))).rejects.toThrow('Cannot decode image');
});

test('a list of nothing but bad files, and no list at all', async () => {
  const none = await model.predict([join(root, 'nowhere.jpg')]);
  expect([none.length, none.skipped.length]).toEqual([0, 1]);
  expect(await model.predict([])).toHaveLength(0);
});

test('Stop keeps what is done', async () => {
  const stop = new AbortController();
  const found = await model.predict(files, {
    signal: stop.signal,
    onProgress: (done) => void (done === 3 && stop.abort()),
  });
  expect([found.length, found.stopped]).toEqual([3, true]);
  expect(found.toString()).toContain(`stopped after 3 of ${files.length} images`);
  await expect(model.predict(files[0], { signal: AbortSignal.abort() })).rejects.toThrow('interrupted');
});

test('a source that never gives its next image is left by Stop', async () => {
  const stop = new AbortController();
  async function* camera() {
    yield files[0];
    await new Promise(() => {});
  }
  const onProgress = () => void setTimeout(() => stop.abort(), 20);
  const found = await model.predict(camera(), { signal: stop.signal, onProgress });
  expect([found.length, found.stopped]).toEqual([1, true]);
});

test("an error of the network on a later image is that image's", async () => {
  const { detector } = model;
  const predict = detector.predict.bind(detector);
  let calls = 0;
  detector.predict = (batch, options) => {
    if (++calls === 2) throw new Error('out of memory');
    return predict(batch, options);
  };
  try {
    const found = await model.predict(files.slice(0, 3));
    expect(found).toHaveLength(2);
    expect(found.skipped[0].message).toMatch(/^Cannot predict on ".+": out of memory$/);
    calls = 1;
    await expect(model.predict(files.slice(0, 3))).rejects.toThrow('out of memory');
  } finally {
    detector.predict = predict;
  }
});

test('a stream: one after the other, bad ones reported, ended by its reader', async () => {
  const skipped: string[] = [];
  const list = [files[0], join(root, 'nowhere.jpg'), files[1], files[2]];
  const found: Predictions[] = [];
  for await (const one of model.stream(list, { onSkip: ({ name }) => skipped.push(name), threshold: 0.1 })) {
    found.push(one);
    if (found.length === 2) break;
  }
  expect(found.every((one) => one instanceof Predictions && one.threshold === 0.1)).toBe(true);
  expect(skipped).toEqual([join(root, 'nowhere.jpg')]);
  expect(plain(found[1])).toEqual(plain(await model.predict(files[1])));
  expect(() => model.stream(files, { onskip: () => {} } as never)).toThrow('Did you mean "onSkip"?');
});

test('tensors: none is left', async () => {
  await model.predict(files.slice(0, 2), { batch: 2 });
  const before = tf.memory().numTensors;
  await model.predict(files, { batch: 4 });
  expect(tf.memory().numTensors).toBe(before);
});

test.skipIf(!hasFfmpeg)('frames of a video have their times', async () => {
  const file = clip(join(root, 'clip.mp4'), { seconds: 1, rate: 4, size: '96x64' });
  const found = await model.predict(file as `${string}.mp4`, { batch: 4 });
  expect(found).toBeInstanceOf(VideoPredictions);
  expect(found.map(({ source, from }) => [source, from.time])).toEqual(
    [0, 0.25, 0.5, 0.75].map((t, i) => [`clip.mp4#${i}`, t]),
  );
});
