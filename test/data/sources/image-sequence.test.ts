// Animations and TIFFs of several pages as sources.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isProblem, type OpenedSource, openSource } from '../../../src/data';
import type { FrameOptions } from '../../../src/data/sources/video-frames';

let root: string;
const REDS = [10, 90, 200, 250];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'detlab-sequences-'));
  const images = await Promise.all(
    REDS.map((r) =>
      sharp({ create: { width: 40, height: 20, channels: 3, background: { r, g: 0, b: 0 } } })
        .png()
        .toBuffer(),
    ),
  );
  const joined = () => sharp(images, { join: { animated: true } });
  for (const format of ['gif', 'webp'] as const)
    writeFileSync(
      join(root, `a.${format}`),
      await joined()
        .toFormat(format, { delay: [100, 300, 0, 200], lossless: true })
        .toBuffer(),
    );
  writeFileSync(join(root, 'scan.tif'), await joined().tiff().toBuffer());
  writeFileSync(join(root, 'still.gif'), await sharp(images[0]).gif().toBuffer());
  const pyramid = { tile: true, pyramid: true, tileWidth: 16, tileHeight: 16 };
  writeFileSync(join(root, 'aerial.tif'), await sharp(images[1]).tiff(pyramid).toBuffer());
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Name, red of the first pixel, time. */
async function all({ images }: OpenedSource): Promise<(string | number | undefined)[][]> {
  const found = [];
  for await (const one of images) {
    if (isProblem(one)) throw new Error(one.message);
    const { pixels } = await one.read();
    expect([pixels.width, pixels.height, pixels.data.length]).toEqual([40, 20, 2400]);
    found.push([one.name, pixels.data[0], one.time]);
  }
  return found;
}
const opened = (name: string, options?: FrameOptions) => openSource(join(root, name), options);

test.each(['gif', 'webp'])('an animated %s is a video: its frames at their times', async (format) => {
  const name = `a.${format}`;
  const source = await opened(name);
  expect([source.kind, source.total, source.video]).toEqual(['video', 4, { fps: 4 / 0.7 }]);
  // as in browsers a frame without a time is shown for 0.1 s
  expect(await all(source)).toEqual([
    [`${name}#0`, 10, 0],
    [`${name}#1`, 90, 0.1],
    [`${name}#2`, 200, 0.4],
    [`${name}#3`, 250, 0.5],
  ]);
  expect(source.notices).toEqual([]);
});

test('frames a second and the first frames, as of a video', async () => {
  expect((await all(await opened('a.gif', { fps: 10 }))).map(([, red]) => red)).toEqual([
    10, 90, 90, 90, 200, 250, 250,
  ]);
  expect(await all(await opened('a.gif', { fps: 2 }))).toEqual([['a.gif#0', 10, 0]]);
  const two = await opened('a.gif', { maxFrames: 2 });
  expect([two.total, (await all(two)).length]).toEqual([2, 2]);
});

test('frames that nobody kept are read again', async () => {
  const agains: (() => Promise<{ data: Uint8Array }>)[] = [];
  for await (const image of (await opened('a.gif')).images)
    if (!isProblem(image)) agains.push((await image.read()).again);
  setFlagsFromString('--expose-gc');
  await setImmediate();
  runInNewContext('gc')();
  for (const i of [2, 3, 0]) expect((await agains[i]()).data[0]).toBe(REDS[i]);
});

test('pages of a TIFF are images with a page number; the smaller copies in an aerial image are none', async () => {
  const source = await opened('scan.tif');
  expect([source.kind, source.total]).toEqual(['images', 4]);
  expect(await all(source)).toEqual(REDS.map((red, i) => [`scan.tif#page=${i + 1}`, red, undefined]));
  const aerial = await opened('aerial.tif');
  expect([aerial.kind, await all(aerial), aerial.notices]).toEqual(['image', [['aerial.tif', 90, undefined]], []]);
});

test('in a folder, a pattern and a list with the others, and counted', async () => {
  for (const source of [
    root,
    `${root}/*`,
    ['a.gif', 'a.webp', 'aerial.tif', 'scan.tif', 'still.gif'].map((n) => join(root, n)),
  ]) {
    const whole = await openSource(source);
    expect([whole.kind, whole.total]).toEqual(['images', 5]);
    expect((await all(whole)).map(([name]) => String(name).split('#')[0])).toEqual(
      ['a.gif', 'a.webp']
        .flatMap((name) => Array(4).fill(name))
        .concat('aerial.tif', Array(4).fill('scan.tif'), 'still.gif'),
    );
    expect(whole.total).toBe(14);
  }
});

test('of an animation that was cut off the frames that are there, with a notice', async () => {
  const noise = (seed: number) => Buffer.from(Array.from({ length: 2400 }, (_, i) => (i * i * seed) % 251));
  const raw = { width: 40, height: 20, channels: 3 } as const;
  const frames = await Promise.all([7, 11, 13].map((seed) => sharp(noise(seed), { raw }).png().toBuffer()));
  const bytes = await sharp(frames, { join: { animated: true } })
    .gif()
    .toBuffer();
  writeFileSync(join(root, 'cut.gif'), bytes.subarray(0, bytes.length - 200));
  const source = await opened('cut.gif');
  expect(await all(source)).toHaveLength(3);
  expect(source.notices).toEqual([expect.stringMatching(/"cut.gif" is cut off after 3 frames, the last of which may/)]);
});
