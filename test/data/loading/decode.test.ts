// Image files, good and bad: pixels and sizes as cv2.imread gives them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeImage, decodeReduced, imageSize } from '../../../src/data/loading/decode';

let root: string;

beforeAll(() => (root = mkdtempSync(path.join(tmpdir(), 'detlab-data-'))));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('applies EXIF orientation, also in the size', async () => {
  const red = sharp({ create: { width: 30, height: 20, channels: 3, background: 'red' } }).withMetadata({
    orientation: 6,
  });
  for (const [name, image] of Object.entries({ 'a.jpg': red.jpeg(), 'a.png': red.png(), 'a.webp': red.webp() })) {
    const file = path.join(root, name);
    await image.clone().toFile(file);
    const turned = await decodeImage(file);
    expect([name, turned.width, turned.height, turned.order]).toEqual([name, 20, 30, 'rgb']);
    expect(await imageSize(file)).toEqual({ width: 20, height: 30 });
  }
});

/** `values` as the pixels of a PNG, one row. */
const png = (values: Uint8Array | Uint16Array, channels: 1 | 2 | 3 | 4, options = {}) => {
  const depth = values instanceof Uint16Array ? { depth: 'ushort' as const } : {};
  const raw = { width: values.length / channels, height: 1, channels, ...depth };
  const space = values instanceof Uint16Array ? (channels < 3 ? 'grey16' : 'rgb16') : channels < 3 ? 'b-w' : 'srgb';
  return sharp(values, { raw }).toColourspace(space).png(options).toBuffer();
};
const pixels = async (bytes: Buffer) => [...(await decodeImage(bytes)).data];

it('drops alpha, also of transparent pixels and of gray', async () => {
  expect(await pixels(await png(Uint8Array.of(9, 99, 199, 0), 4))).toEqual([9, 99, 199]);
  expect(await pixels(await png(Uint8Array.of(9, 0, 77, 128), 2))).toEqual([9, 9, 9, 77, 77, 77]);
});

it('widens gray, resolves palettes, truncates 16 bits', async () => {
  expect(await pixels(await png(Uint8Array.of(9, 77), 1))).toEqual([9, 9, 9, 77, 77, 77]);
  const palette = await png(Uint8Array.of(255, 0, 0, 0, 0, 255, 255, 0, 0), 3, { palette: true });
  expect((await sharp(palette).metadata()).isPalette).toBe(true);
  expect(await pixels(palette)).toEqual([255, 0, 0, 0, 0, 255, 255, 0, 0]);
  const deep = await png(Uint16Array.of(0x12ff, 0xff80, 0x00ff), 3);
  expect((await sharp(deep).metadata()).depth).toBe('ushort');
  expect(await pixels(deep)).toEqual([0x12, 0xff, 0]);
  const deepGray = await png(Uint16Array.of(0x12ff, 0x80), 1);
  expect((await sharp(deepGray).metadata()).depth).toBe('ushort');
  expect(await pixels(deepGray)).toEqual([0x12, 0x12, 0x12, 0, 0, 0]);
});

it('goes by the bytes, not by the extension', async () => {
  const bmp = path.join(__dirname, 'rgb.bmp');
  const { width, height, data } = await decodeImage(bmp);
  expect({ width, height }).toEqual(await imageSize(bmp));
  const at = (x: number, y: number) => [...data.subarray(3 * (48 * y + x), 3 * (48 * y + x) + 3)];
  expect([at(0, 0), at(47, 0), at(0, 31), at(47, 31), at(20, 10)]).toEqual([
    [0, 255, 0],
    [47, 208, 141],
    [233, 22, 187],
    [29, 226, 87],
    [249, 6, 235],
  ]);
  const named = path.join(root, 'pgm.jpg');
  writeFileSync(named, Buffer.from('P5 2 1 255\nab'));
  expect([...(await decodeImage(named)).data]).toEqual([97, 97, 97, 98, 98, 98]);
  expect(await imageSize(named)).toEqual({ width: 2, height: 1 });
});

it('names what it cannot decode, and says why', async () => {
  await expect(decodeImage(path.join(root, 'no.jpg'), 5)).rejects.toMatchObject({
    problem: { kind: 'missing-image', id: 5 },
  });
  await expect(decodeImage(root)).rejects.toMatchObject({ problem: { kind: 'unreadable-image' } });
  await expect(decodeImage(Buffer.from('no image'))).rejects.toThrow(
    /no image of a format that is read \(JPEG, PNG, BMP/,
  );
  const empty = path.join(root, 'empty.jpg');
  writeFileSync(empty, '');
  await expect(decodeImage(empty, 3)).rejects.toMatchObject({
    problem: { kind: 'unreadable-image', id: 3, message: `Cannot decode image "${empty}": the file is empty` },
  });
  const whole = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  const cut = path.join(root, 'cut.jpg');
  writeFileSync(cut, whole.subarray(0, whole.length - 40));
  await expect(decodeImage(cut)).rejects.toThrow(`"${cut}"`);
});

it('decodes a JPEG at the divisor of libjpeg that is needed, turned as it is to be seen', async () => {
  const file = path.join(root, 'large.jpg');
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 60 };
  await sharp({ create: { width: 401, height: 203, channels: 3, background: '#000', noise } })
    .blur(9)
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 98 })
    .toFile(file);
  const whole = await decodeImage(file);
  expect([whole.width, whole.height]).toEqual([203, 401]);
  const at = (width: number, height: number) => decodeReduced(file, 1, 'cv2', { of: () => [width, height] });
  const sizes = [at(26, 51), at(27, 51), at(50, 100), at(90, 180), at(103, 100)];
  const found = await Promise.all(sizes);
  expect(found.map(({ width, height }) => [width, height])).toEqual([
    [26, 51],
    [51, 101],
    [51, 101],
    [102, 201],
    [203, 401],
  ]);
  expect(found[3].full).toEqual({ width: 203, height: 401 });
  expect(found[4].full).toBeUndefined();
  expect(found[4].data).toEqual(whole.data);
  // a pixel is about the mean of the pixels of which it is made
  const half = found[3];
  let worst = 0;
  for (let y = 0; y < 200; y++)
    for (let x = 0; x < 101; x++) {
      const mean = [0, 1].flatMap((dy) => [0, 1].map((dx) => whole.data[3 * ((2 * y + dy) * 203 + 2 * x + dx)]));
      worst = Math.max(worst, Math.abs(half.data[3 * (y * 102 + x)] - mean.reduce((a, b) => a + b) / 4));
    }
  expect(worst).toBeLessThan(6);
});

it('decodes other formats whole', async () => {
  const file = path.join(root, 'large.png');
  await sharp({ create: { width: 80, height: 40, channels: 3, background: '#369' } })
    .png()
    .toFile(file);
  const { width, full } = await decodeReduced(file, 1, 'cv2', { of: () => [5, 5] });
  expect([width, full]).toEqual([80, undefined]);
  await expect(decodeReduced(path.join(root, 'none.jpg'), 1, 'cv2', { of: () => [5, 5] })).rejects.toThrow(
    /Cannot find image/,
  );
});
