// A label map: a grayscale PNG of 8 or 16 bits whose values are ids, as Cityscapes' gtFine_instanceIds.png. Decoders of
// photographs round 16 bits to 8, so that the rows are read here.

import { readFileSync } from 'node:fs';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { DetLabError } from '../errors';

export interface LabelMap {
  width: number;
  height: number;
  /** Row-major ids. */
  data: Uint16Array;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MAX_PIXELS = 2 ** 27;
const COLOURS: Partial<Record<number, string>> = { 2: 'RGB', 3: 'palette', 4: 'gray and alpha', 6: 'RGBA' };

/** @throws DetLabError for a file that is not there, is cut off, or is no grayscale PNG of 8 or 16 bits */
export function readLabelMap(file: string): LabelMap {
  const fail = (why: string): DetLabError => new DetLabError(`Cannot read the label map "${file}": ${why}`);
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
  if (colour !== 0 || (depth !== 8 && depth !== 16))
    throw fail(
      `expected a grayscale PNG of 8 or 16 bits, whose values are ids, received ${depth} bits of ${COLOURS[colour] ?? 'gray'}`,
    );
  if (interlaced) throw fail('expected rows in order, received an interlaced PNG');
  if (width * height === 0 || width * height > MAX_PIXELS)
    throw fail(`expected 1 to ${MAX_PIXELS} pixels, received ${width} x ${height}`);
  const stride = 1 + width * (depth / 8);
  let rows: Buffer;
  try {
    rows = inflateSync(Buffer.concat(parts), { maxOutputLength: stride * height });
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (rows.length < stride * height) throw fail(`it ends in row ${Math.floor(rows.length / stride)} of ${height}`);
  if (!unfilter(rows, stride, height, depth / 8)) throw fail('a row has an unknown filter');
  return { width, height, data: valuesOf(rows, { stride, width, height, bytes: depth / 8 }) };
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

interface Layout {
  stride: number;
  width: number;
  height: number;
  bytes: number;
}

function valuesOf(rows: Buffer, { stride, width, height, bytes }: Layout): Uint16Array {
  const data = new Uint16Array(width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let at = y * stride + 1; at < (y + 1) * stride; at += bytes, i++)
      data[i] = bytes === 1 ? rows[at] : (rows[at] << 8) | rows[at + 1];
  return data;
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
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8 * bytes;
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND')]);
}

function chunk(type: string, data = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
