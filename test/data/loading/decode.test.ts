// Image files, good and bad.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeImage, imageSize } from '../../../src/data/loading/decode';

let root: string;

const images = () => path.join(root, 'images');

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'detlab-data-'));
  mkdirSync(images());
  const picture = sharp({ create: { width: 100, height: 80, channels: 3, background: '#336699' } });
  for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) await picture.clone().jpeg().toFile(path.join(images(), name));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

it('applies EXIF orientation, drops alpha, widens gray', async () => {
  const file = path.join(root, 'turned.jpg');
  await sharp({ create: { width: 30, height: 20, channels: 3, background: 'red' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toFile(file);
  const turned = await decodeImage(file);
  expect([turned.width, turned.height, turned.order]).toEqual([20, 30, 'rgb']);
  expect(await imageSize(file)).toEqual({ width: 20, height: 30 });
  const clear = await sharp({
    create: { width: 3, height: 2, channels: 4, background: { r: 9, g: 99, b: 199, alpha: 0.2 } },
  })
    .png()
    .toBuffer();
  expect([...(await decodeImage(clear)).data.subarray(0, 3)]).toEqual([9, 99, 199]);
  const gray = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#808080' } })
    .greyscale()
    .png()
    .toBuffer();
  expect((await decodeImage(gray)).data.length).toBe(18);
});

it('names what it cannot decode', async () => {
  await expect(decodeImage(path.join(root, 'no.jpg'), 5)).rejects.toMatchObject({
    problem: { kind: 'missing-image', id: 5 },
  });
  await expect(decodeImage(Buffer.from('no image'))).rejects.toMatchObject({ problem: { kind: 'unreadable-image' } });
  await expect(decodeImage(root)).rejects.toMatchObject({ problem: { kind: 'unreadable-image' } });
});
