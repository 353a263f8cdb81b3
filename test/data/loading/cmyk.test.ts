// Images of printing inks: the colours of cv2.imread, in JPEG and TIFF.

import path from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { cmykToRgb, isCmykJpeg } from '../../../src/data/loading/cmyk';
import { decodeImage } from '../../../src/data/loading/decode';

const at = ({ data, width }: { data: Uint8Array; width: number }, x: number, y: number) => [
  ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
];

it('decodes a CMYK JPEG as ink times black', async () => {
  const bars = await decodeImage(path.join(__dirname, 'cmyk-bars.jpg'));
  expect([bars.width, bars.height]).toEqual([112, 16]);
  expect([4, 20, 36, 52, 68, 84, 100].map((x) => at(bars, x, 8))).toEqual([
    [255, 1, 1],
    [1, 255, 1],
    [1, 1, 255],
    [129, 129, 129],
    [255, 255, 255],
    [1, 1, 1],
    [201, 151, 101],
  ]);
});

it('decodes inks that are not fully saturated', () => {
  // what cv2 gives for these inks, stored without loss by PIL
  expect([...cmykToRgb(Uint8Array.of(40, 90, 200, 30, 10, 20, 30, 128))]).toEqual([190, 146, 50, 123, 118, 113]);
  expect([...cmykToRgb(Uint8Array.of(0, 255, 255, 0, 9, 0, 0, 0, 255, 9), 5)]).toEqual([255, 1, 1, 0, 0, 0]);
});

it('finds the JPEGs of four components', async () => {
  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
  const plain = await image.clone().jpeg().toBuffer();
  const inks = await image.clone().toColourspace('cmyk').jpeg().toBuffer();
  const png = await image.clone().png().toBuffer();
  expect([plain, inks, png, Buffer.of(0xff, 0xd8)].map(isCmykJpeg)).toEqual([false, true, false, false]);
});

it('decodes a CMYK TIFF the same way', async () => {
  const data = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .toColourspace('cmyk')
    .tiff()
    .toBuffer();
  expect((await sharp(data).metadata()).space).toBe('cmyk');
  const inks = await sharp(data).pipelineColourspace('cmyk').toColourspace('cmyk').raw().toBuffer();
  const image = await decodeImage(data);
  expect([image.width, image.height]).toEqual([8, 8]);
  expect(at(image, 3, 3)).toEqual([...cmykToRgb(inks.subarray(0, 4))]);
});
