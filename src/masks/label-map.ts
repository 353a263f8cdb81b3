// A label map: a grayscale PNG of 8 or 16 bits whose values are ids, as Cityscapes' gtFine_instanceIds.png.

import { type PngForm, pngOfRows, readPngRows } from './png-rows';

export interface LabelMap {
  width: number;
  height: number;
  /** Row-major ids. */
  data: Uint16Array;
}

const FORM: PngForm = {
  what: 'label map',
  channels: [1],
  depths: [8, 16],
  expected: 'a grayscale PNG of 8 or 16 bits, whose values are ids',
};

/** @throws DetLabError for a file that is not there, is cut off, or is no grayscale PNG of 8 or 16 bits */
export function readLabelMap(file: string): LabelMap {
  const { width, height, depth, rows, stride } = readPngRows(file, FORM);
  const bytes = depth / 8;
  const data = new Uint16Array(width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let at = y * stride + 1; at < (y + 1) * stride; at += bytes, i++)
      data[i] = bytes === 1 ? rows[at] : (rows[at] << 8) | rows[at + 1];
  return { width, height, data };
}

/**
 * The bytes of a grayscale PNG: 16 bits for a Uint16Array, 8 for a Uint8Array.
 * @example writeFileSync('mask.png', labelMapPng({ width, height, data: decodeRle(mask) }));
 */
export function labelMapPng({
  width,
  height,
  data,
}: {
  width: number;
  height: number;
  data: Uint8Array | Uint16Array;
}): Buffer {
  const bytes = data.BYTES_PER_ELEMENT;
  const rows = Buffer.alloc(height * (1 + width * bytes)); // filter 0 of each row
  for (let y = 0, i = 0, at = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++, i++, at += bytes) {
      if (bytes === 2) rows[at] = data[i] >> 8;
      rows[at + bytes - 1] = data[i] & 255;
    }
  }
  return pngOfRows({ width, height, depth: 8 * bytes, colour: 0, rows });
}
