// PBM, PGM and PPM files, which sharp's libvips does not read: text (P1 to P3) and binary (P4 to P6). Values are scaled from
// the file's maximum to 255. cv2 does so with text of up to 8 bits alone: a file of 12 bits is nearly black there.

import { DetLabError } from '../../errors';
import { requirePixels } from './pixel-limit';

const MAX_VALUE = 65_535;
const [NEWLINE, HASH, ZERO] = [0x0a, 0x23, 0x30];
const isSpace = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
const isDigit = (byte: number) => byte >= ZERO && byte <= ZERO + 9;

export const isPnm = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] > ZERO && bytes[1] <= ZERO + 6 && (isSpace(bytes[2]) || bytes[2] === HASH);

interface PnmHeader {
  width: number;
  height: number;
  /** Channels: 1 or 3. */
  channels: number;
  /** The value of white; 1 for PBM, whose 1 is black. */
  max: number;
  bitmap: boolean;
  text: boolean;
  /** Where the pixels begin. */
  at: number;
}

/** @throws DetLabError for a header that is cut off or has no positive sizes */
export function pnmHeader(bytes: Uint8Array): PnmHeader {
  const kind = bytes[1] - ZERO;
  const bitmap = kind === 1 || kind === 4;
  const numbers: number[] = [];
  let at = 2;
  while (numbers.length < (bitmap ? 2 : 3)) {
    const number = nextNumber(bytes, at);
    if (!number) throw new DetLabError('the header of the PNM file is cut off or has no sizes');
    numbers.push(number.value);
    at = number.end;
  }
  const [width, height, max = 1] = numbers;
  if (width < 1 || height < 1 || max < 1 || max > MAX_VALUE)
    throw new DetLabError(`the header of the PNM file gives ${width} x ${height} pixels of 0 to ${max}`);
  // one white space after the last number; two where lines end in CR LF
  at += bytes[at] === 0x0d && bytes[at + 1] === NEWLINE ? 2 : 1;
  return { width, height, channels: kind === 3 || kind === 6 ? 3 : 1, max, bitmap, text: kind <= 3, at };
}

/**
 * Pixels [height, width, 3], RGB.
 * @throws DetLabError for files that are cut off or too large
 */
export function decodePnm(bytes: Uint8Array): { data: Uint8Array; width: number; height: number } {
  const header = pnmHeader(bytes);
  const { width, height, channels } = header;
  requirePixels(width, height);
  const values = header.text ? textValues(bytes, header) : binaryValues(bytes, header);
  if (channels === 3) return { data: values, width, height };
  const data = new Uint8Array(values.length * 3);
  for (let i = 0, j = 0; i < values.length; i++, j += 3) data[j] = data[j + 1] = data[j + 2] = values[i];
  return { data, width, height };
}

function binaryValues(bytes: Uint8Array, { width, height, channels, max, bitmap, at }: PnmHeader): Uint8Array {
  const row = bitmap ? Math.ceil(width / 8) : width * channels * (max > 255 ? 2 : 1);
  if (at + row * height > bytes.length)
    throw new DetLabError(`the file is cut off: expected ${at + row * height} bytes, received ${bytes.length}`);
  if (max === 255) return new Uint8Array(bytes.subarray(at, at + row * height)); // a copy: pixels have a buffer of their own
  const values = new Uint8Array(width * height * channels);
  const scale = scaled(max);
  if (bitmap) {
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) values[i] = (bytes[at + y * row + (x >> 3)] >> (7 - (x & 7))) & 1 ? 0 : 255;
  } else if (max < 256) {
    for (let i = 0; i < values.length; i++) values[i] = scale(bytes[at + i]);
  } else {
    for (let i = 0; i < values.length; i++) values[i] = scale((bytes[at + 2 * i] << 8) | bytes[at + 2 * i + 1]);
  }
  return values;
}

function textValues(bytes: Uint8Array, { width, height, channels, max, bitmap, at: start }: PnmHeader): Uint8Array {
  // a value takes a byte at least: nothing is allocated for a file that cannot hold its pixels
  const count = width * height * channels;
  if (count > bytes.length) throw new DetLabError('the file is cut off');
  const values = new Uint8Array(count);
  const scale = scaled(max);
  for (let i = 0, at = start - 1; i < count; i++) {
    const number = nextNumber(bytes, at, bitmap ? 1 : 8);
    if (!number) throw new DetLabError(`the file is cut off: expected ${count} values, received ${i}`);
    values[i] = bitmap ? 255 * (1 - Math.min(1, number.value)) : scale(number.value);
    at = number.end;
  }
  return values;
}

/** 0 to `max` as 0 to 255, rounded down: of 16 bits the upper 8, as in cv2. */
function scaled(max: number): (value: number) => number {
  if (max > 255) return (value) => Math.floor((Math.min(value, max) * MAX_VALUE) / max) >> 8;
  return (value) => Math.floor((Math.min(value, max) * 255) / max);
}

/** The number after white space and comments; `digits`: as many at most (PBM needs no space between its values). */
function nextNumber(bytes: Uint8Array, from: number, digits = 8): { value: number; end: number } | undefined {
  let at = from;
  while (at < bytes.length && !isDigit(bytes[at])) {
    if (bytes[at] === HASH) while (at < bytes.length && bytes[at] !== NEWLINE) at++;
    else if (!isSpace(bytes[at])) return undefined;
    at++;
  }
  const first = at;
  let value = 0;
  while (at < bytes.length && isDigit(bytes[at]) && at - first < digits) value = value * 10 + bytes[at++] - ZERO;
  return at > first ? { value, end: at } : undefined;
}
