// The pages of TIFFs as microscopes, scanners and aerial surveys write them.

import sharp from 'sharp';
import { expect, it } from 'vitest';
import { tiffPages } from '../../../src/data/loading/tiff-pages';

/** A TIFF of directories without pixels, by their NewSubfileType; undefined: they do not say it. */
function tiff(kinds: readonly (number | undefined)[], { little = true, big = false } = {}): Buffer {
  const parts: Buffer[] = [];
  const number = (value: number, length: 2 | 4 | 8) => {
    const bytes = Buffer.alloc(length);
    if (length === 8) little ? bytes.writeBigUInt64LE(BigInt(value)) : bytes.writeBigUInt64BE(BigInt(value));
    else little ? bytes.writeUIntLE(value, 0, length) : bytes.writeUIntBE(value, 0, length);
    parts.push(bytes);
  };
  const [offset, countSize, entry] = big ? ([8, 8, 20] as const) : ([4, 2, 12] as const);
  parts.push(Buffer.from(little ? 'II' : 'MM'));
  number(big ? 43 : 42, 2);
  if (big) for (const value of [8, 0]) number(value, 2);
  let at = big ? 16 : 8;
  number(at, offset);
  for (const [i, kind] of kinds.entries()) {
    const count = kind === undefined ? 1 : 2;
    at += countSize + count * entry + offset;
    number(count, countSize);
    for (const [tag, value] of [...(kind === undefined ? [] : [[254, kind]]), [256, 7]]) {
      number(tag, 2);
      number(4, 2); // LONG
      number(1, big ? 8 : 4);
      number(value, 4);
      if (big) number(0, 4);
    }
    number(i === kinds.length - 1 ? 0 : at, offset);
  }
  return Buffer.concat(parts);
}

it.each([{}, { little: false }, { big: true }, { little: false, big: true }])(
  'smaller copies and masks are none: %o',
  async (form) => {
    expect(await tiffPages(tiff([undefined, 2, 2], form))).toEqual([0, 1, 2]);
    expect(await tiffPages(tiff([0, 1, 1, 1], form))).toEqual([0]);
    expect(await tiffPages(tiff([0, 4, 1, 5], form))).toEqual([0]);
  },
);

it('a chain of directories that leads in a circle ends', async () => {
  const bytes = tiff([0]);
  bytes.writeUInt32LE(8, bytes.length - 4);
  expect(await tiffPages(bytes)).toEqual([0]);
});

it('of a pyramid, as libvips writes it, the image itself', async () => {
  const image = sharp({ create: { width: 600, height: 500, channels: 3, background: '#123' } });
  const bytes = await image.tiff({ tile: true, pyramid: true, tileWidth: 128, tileHeight: 128 }).toBuffer();
  expect((await sharp(bytes).metadata()).pages).toBeGreaterThan(1);
  expect(await tiffPages(bytes)).toEqual([0]);
});

it('a directory of more entries than there can be is refused before it is read', async () => {
  const bytes = tiff([0], { big: true });
  bytes.writeBigUInt64LE(70_000n, 16);
  await expect(tiffPages(bytes)).rejects.toThrow(/expected at most 65535 entries of a directory, received 70000/);
});
