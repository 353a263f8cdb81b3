// COCO's compressed run lengths: each a little-endian base-32 number in the characters '0' to 'o', from the fourth on as
// the difference to the run two positions earlier.

import { DetLabError } from '../errors';

/** @example countsToString(new Uint32Array([4, 2, 10])) // '42:' */
export function countsToString(counts: Uint32Array): string {
  let text = '';
  for (let i = 0; i < counts.length; i++) {
    let value = i > 2 ? counts[i] - counts[i - 2] : counts[i];
    for (let more = true; more; ) {
      const digit = value & 0x1f;
      value >>= 5;
      // bit 4 of the last digit is the sign
      more = digit & 0x10 ? value !== -1 : value !== 0;
      text += String.fromCharCode((more ? digit | 0x20 : digit) + 48);
    }
  }
  return text;
}

/** The run lengths of one string at a time. */
let runs = new Uint32Array(1024);

/** @throws DetLabError for an invalid character, or a string that ends within a number. */
export function countsFromString(text: string): Uint32Array {
  if (text.length > runs.length) runs = new Uint32Array(2 * text.length);
  return runs.slice(0, readCounts(text, runs));
}

/**
 * Writes the run lengths of a string into `out`, where one number per character must fit.
 *
 * @returns how many
 * @throws DetLabError as `countsFromString`
 */
export function readCounts(text: string, out: Uint32Array): number {
  const { length } = text;
  let count = 0;
  for (let position = 0; position < length; count++) {
    let digit = text.charCodeAt(position++) - 48;
    let value: number;
    if (digit < 32) {
      if (digit < 0) throw invalid(text, position);
      value = (digit << 27) >> 27; // most numbers are of one digit, whose bit 4 is the sign
    } else {
      value = digit & 0x1f;
      let shift = 0;
      while (digit >= 32 && digit < 64 && shift < 30 && position < length) {
        digit = text.charCodeAt(position++) - 48;
        shift += 5;
        value |= (digit & 0x1f) << shift;
      }
      // a number ends with a digit below 32
      if (!(digit >= 0 && digit < 32)) throw invalid(text, digit >= 0 && digit < 64 ? position + 1 : position);
      if (digit >= 16 && shift < 25) value |= -1 << (shift + 5);
    }
    if (count > 2) value = (value + out[count - 2]) | 0;
    if (value < 0)
      throw new DetLabError(`Cannot read a run-length encoded mask: expected lengths >= 0, run ${count} is ${value}`);
    out[count] = value;
  }
  return count;
}

function invalid(text: string, position: number): DetLabError {
  const received = JSON.stringify(text[position - 1] ?? 'nothing');
  return new DetLabError(
    `Cannot read a run-length encoded mask: expected a character from "0" to "o" at position ${position} of ${text.length}, received ${received}`,
  );
}
