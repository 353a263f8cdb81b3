// A panoptic map: an RGB PNG whose colours are ids of segments, r + 256 g + 65536 b, 0 where there is none (COCO's panoptic format).

import { type PngForm, pngOfRows, readPngRows } from './png-rows';

export interface IdMap {
  width: number;
  height: number;
  /** Row-major ids. */
  data: Int32Array;
}

const FORM: PngForm = {
  what: 'panoptic map',
  channels: [3, 4],
  depths: [8],
  expected: 'an RGB PNG of 8 bits, whose colors are ids of segments',
};

/** @throws DetLabError for a file that is not there, is cut off, or is no RGB PNG */
export function readPanopticPng(file: string): IdMap {
  const { width, height, channels, rows, stride } = readPngRows(file, FORM);
  const data = new Int32Array(width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let at = y * stride + 1; at < (y + 1) * stride; at += channels, i++)
      data[i] = rows[at] | (rows[at + 1] << 8) | (rows[at + 2] << 16);
  return { width, height, data };
}

/** @example writeFileSync('segments.png', panopticPng({ width, height, data: ids })); */
export function panopticPng({ width, height, data }: IdMap): Buffer {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0, i = 0, at = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++, i++, at += 3) rows.writeUIntLE(data[i], at, 3);
  }
  return pngOfRows({ width, height, depth: 8, colour: 2, rows });
}
