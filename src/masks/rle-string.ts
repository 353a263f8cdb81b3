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

/** The characters and run lengths of one string at a time. */
let characters = new Uint8Array(1024);
let runs = new Uint32Array(1024);

/** @throws DetLabError for an invalid character, or a string that ends within a number. */
export function countsFromString(text: string): Uint32Array {
  const { length } = text;
  if (length > runs.length) [characters, runs] = [new Uint8Array(2 * length), new Uint32Array(2 * length)];
  for (let i = 0; i < length; i++) characters[i] = Math.min(text.charCodeAt(i), INVALID);
  return runs.slice(0, readCounts(characters, 0, length, runs));
}

const ZERO = 48;
/** Stands for every character that is no byte. */
const INVALID = 0xff;

/** Of the run lengths that were read last: their sum, and that of the foreground. */
export const sums = { total: 0, foreground: 0 };

/**
 * Writes the run lengths of the characters in [from, to) into `out`, where one number per character must fit, and their `sums`.
 *
 * @returns how many
 * @throws DetLabError as `countsFromString`
 */
export function readCounts(text: Uint8Array, from: number, to: number, out: Uint32Array): number {
  let [count, total, foreground] = [0, 0, 0];
  let [last, beforeLast] = [0, 0];
  for (let at = from; at < to; count++) {
    let digit = text[at++] - ZERO;
    let value: number;
    if (digit < 32) {
      if (digit < 0) throw invalid(text, from, to, at);
      value = (digit << 27) >> 27; // most numbers are of one digit, whose bit 4 is the sign
    } else {
      value = digit & 0x1f;
      let shift = 0;
      while (digit >= 32 && digit < 64 && shift < 30 && at < to) {
        digit = text[at++] - ZERO;
        shift += 5;
        value |= (digit & 0x1f) << shift;
      }
      // a number ends with a digit below 32
      if (!(digit >= 0 && digit < 32)) throw invalid(text, from, to, digit >= 0 && digit < 64 ? at + 1 : at);
      if (digit >= 16 && shift < 25) value |= -1 << (shift + 5);
    }
    if (count > 2) value = (value + beforeLast) | 0;
    if (value < 0)
      throw new DetLabError(`Cannot read a run-length encoded mask: expected lengths >= 0, run ${count} is ${value}`);
    out[count] = value;
    total += value;
    if ((count & 1) === 1) foreground += value;
    beforeLast = last;
    last = value;
  }
  sums.total = total;
  sums.foreground = foreground;
  return count;
}

/** @param at after the character that was not expected, or after the end */
function invalid(text: Uint8Array, from: number, to: number, at: number): DetLabError {
  const received = JSON.stringify(at > to ? 'nothing' : String.fromCharCode(text[at - 1]));
  return new DetLabError(
    `Cannot read a run-length encoded mask: expected a character from "0" to "o" at position ${at - from} of ${to - from}, received ${received}`,
  );
}
