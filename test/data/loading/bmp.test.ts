// BMP files of every kind of row; the expected pixels are those of cv2.imread.

import { expect, it } from 'vitest';
import { bmpHeader, decodeBmp, isBmp } from '../../../src/data/loading/bmp';

interface BmpParts {
  width?: number;
  /** Negative: the upper row first. */
  height?: number;
  bits: number;
  compression?: number;
  /** [r, g, b] each. */
  palette?: number[][];
  masks?: number[];
  headerSize?: number;
  rows: number[];
}

/** The bytes of a BMP file, 2 x 2 pixels unless given. */
function bmp({
  width = 2,
  height = 2,
  bits,
  compression = 0,
  palette = [],
  masks = [],
  headerSize = 40,
  rows,
}: BmpParts) {
  const colours = palette.flatMap(([r, g, b]) => [b, g, r, 0]);
  // the masks follow a header of 40 bytes, and are part of longer ones
  const start = 14 + Math.max(headerSize, 40 + 4 * masks.length) + colours.length;
  const file = Buffer.alloc(start + rows.length);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(start, 10);
  file.writeUInt32LE(headerSize, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bits, 28);
  file.writeUInt32LE(compression, 30);
  file.writeUInt32LE(rows.length, 34);
  file.writeUInt32LE(palette.length, 46);
  for (const [i, mask] of masks.entries()) file.writeUInt32LE(mask, 54 + 4 * i);
  file.set(colours, start - colours.length);
  file.set(rows, start);
  return file;
}

const pixels = async (parts: BmpParts) => [...(await decodeBmp(bmp(parts))).data];
const [red, green, blue, gray] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [9, 9, 9],
];
/** The lower row first: blue, gray above red, green. Each row is padded to 4 bytes. */
const bgr = [...[0, 0, 255, 0, 255, 0], 0, 0, ...[255, 0, 0, 9, 9, 9], 0, 0];
const expected = [blue, gray, red, green].flat();

it('reads 24 bits, from the lower row and from the upper one', async () => {
  expect(await pixels({ bits: 24, rows: bgr })).toEqual(expected);
  expect(await pixels({ bits: 24, rows: bgr, height: -2 })).toEqual([red, green, blue, gray].flat());
});

it('reads palettes of 1, 4 and 8 bits, and run lengths', async () => {
  const palette = [red, green, blue, gray];
  expect(await pixels({ bits: 8, palette, rows: [0, 1, 0, 0, 2, 3, 0, 0] })).toEqual(expected);
  // an odd width leaves half a byte
  expect(await pixels({ bits: 4, palette, width: 3, height: 1, rows: [0x01, 0x20, 0, 0] })).toEqual(
    [red, green, blue].flat(),
  );
  expect(await pixels({ bits: 1, palette: [red, blue], height: 1, rows: [0x40, 0, 0, 0] })).toEqual([red, blue].flat());
  // (count, value) pairs; 0 0 ends a row, 0 1 the image
  const runs = [1, 0, 1, 1, 0, 0, 1, 2, 1, 3, 0, 1];
  expect(await pixels({ bits: 8, compression: 1, palette, rows: runs })).toEqual(expected);
});

it('drops alpha, also where it makes pixels transparent', async () => {
  const rows = [0, 0, 255, 0, 0, 255, 0, 7];
  const masks = [0xff0000, 0xff00, 0xff, 0xff000000];
  expect(await pixels({ bits: 32, height: 1, rows })).toEqual([red, green].flat());
  expect(await pixels({ bits: 32, height: 1, rows, compression: 3, masks, headerSize: 108 })).toEqual(
    [red, green].flat(),
  );
});

it('reads 16 bits: 5 bits a channel, or 6 of green', async () => {
  const rows = [0xff, 0xff, 0xe0, 0x07];
  expect(await pixels({ bits: 16, height: 1, rows })).toEqual([248, 248, 248, 8, 248, 0]);
  expect(await pixels({ bits: 16, height: 1, rows, compression: 3, masks: [0xf800, 0x7e0, 0x1f] })).toEqual([
    248, 252, 248, 0, 252, 0,
  ]);
});

it("reads OS/2's short header", async () => {
  const file = Buffer.alloc(26 + bgr.length);
  file.write('BM');
  file.writeUInt32LE(26, 10);
  file.writeUInt32LE(12, 14);
  for (const [i, value] of [2, 2, 1, 24].entries()) file.writeUInt16LE(value, 18 + 2 * i);
  file.set(bgr, 26);
  expect([...(await decodeBmp(file)).data]).toEqual(expected);
});

it('refuses files that are cut off, and headers without pixels', async () => {
  const whole = bmp({ bits: 24, rows: bgr });
  await expect(decodeBmp(whole.subarray(0, -3))).rejects.toThrow('expected 70 bytes, received 67');
  await expect(decodeBmp(whole.subarray(0, 20))).rejects.toThrow('cut off');
  expect(() => bmpHeader(bmp({ bits: 24, width: 0, rows: bgr }))).toThrow('0 x 2 pixels');
  await expect(decodeBmp(bmp({ bits: 24, width: 2 ** 20, height: 2 ** 20, rows: bgr }))).rejects.toThrow(
    'DETLAB_MAX_PIXELS=1099511627776',
  );
  expect(isBmp(Buffer.from('BM'))).toBe(true);
});
