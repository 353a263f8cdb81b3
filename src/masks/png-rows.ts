// The rows of PNG files whose values are ids, read and written as they are: decoders of photographs round 16 bits to 8 and may
// convert colours.

import { readFileSync } from 'node:fs';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { DetLabError } from '../errors';

/** The pixels of a PNG file, row by row. */
export interface PngRows {
  width: number;
  height: number;
  /** Bits of a channel. */
  depth: number;
  channels: number;
  /** Big-endian values, a leading byte before every row. */
  rows: Buffer;
  /** Bytes from row to row. */
  stride: number;
}

/** What files are accepted. */
export interface PngForm {
  /** `label map`, for messages. */
  what: string;
  /** Accepted numbers of channels: 1 gray, 3 RGB, 4 RGBA. */
  channels: readonly (1 | 3 | 4)[];
  depths: readonly (8 | 16)[];
  /** That in words. */
  expected: string;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MAX_PIXELS = 2 ** 27;
const COLOURS: Partial<Record<number, string>> = { 2: 'RGB', 3: 'palette', 4: 'gray and alpha', 6: 'RGBA' };

const CHANNELS: Partial<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/** @throws DetLabError for a file that is not there, is cut off, or is of another form */
export function readPngRows(file: string, form: PngForm): PngRows {
  const fail = (why: string): DetLabError => new DetLabError(`Cannot read the ${form.what} "${file}": ${why}`);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (!bytes.subarray(0, 8).equals(SIGNATURE)) throw fail('expected a PNG file');
  const parts: Buffer[] = [];
  let header: Buffer | undefined;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = data;
    if (type === 'IDAT') parts.push(data);
    if (type === 'IEND') break;
    at += 12 + length;
  }
  if (!header || header.length < 13) throw fail('it has no header');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const [depth, colour, , , interlaced] = header.subarray(8);
  const channels = CHANNELS[colour] ?? 0;
  if (!form.channels.some((n) => n === channels) || !form.depths.some((bits) => bits === depth))
    throw fail(`expected ${form.expected}, received ${depth} bits of ${COLOURS[colour] ?? 'gray'}`);
  if (interlaced) throw fail('expected rows in order, received an interlaced PNG');
  if (width * height === 0 || width * height > MAX_PIXELS)
    throw fail(`expected 1 to ${MAX_PIXELS} pixels, received ${width} x ${height}`);
  const step = (channels * depth) / 8; // bytes of a pixel
  const stride = 1 + width * step;
  let rows: Buffer;
  try {
    rows = inflateSync(Buffer.concat(parts), { maxOutputLength: stride * height });
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (rows.length < stride * height) throw fail(`it ends in row ${Math.floor(rows.length / stride)} of ${height}`);
  if (!unfilter(rows, stride, height, step)) throw fail('a row has an unknown filter');
  return { width, height, depth, channels, rows, stride };
}

/** Undoes PNG's filter of each row in place: what was subtracted is of the pixel to the left, above, or both. */
function unfilter(rows: Buffer, stride: number, height: number, step: number): boolean {
  for (let y = 0; y < height; y++) {
    const at = y * stride;
    const filter = rows[at];
    if (filter > 4) return false;
    if (filter === 0) continue;
    for (let i = at + 1; i < at + stride; i++) {
      const left = i - step > at ? rows[i - step] : 0;
      const up = y > 0 ? rows[i - stride] : 0;
      const corner = y > 0 && i - step > at ? rows[i - stride - step] : 0;
      rows[i] += filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner);
    }
  }
  return true;
}

function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** The bytes of a PNG file. `rows` have a leading byte of 0 each; `colour` is PNG's number: 0 gray, 2 RGB. */
export function pngOfRows({
  width,
  height,
  depth,
  colour,
  rows,
}: Pick<PngRows, 'width' | 'height' | 'depth' | 'rows'> & { colour: 0 | 2 }): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[9] = colour;
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND')]);
}

function chunk(type: string, data = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
