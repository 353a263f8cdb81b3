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

/** @throws DetLabError for an invalid character, or a string that ends within a number. */
export function countsFromString(text: string): Uint32Array {
  const counts: number[] = [];
  for (let position = 0; position < text.length; ) {
    let value = 0;
    let shift = 0;
    for (let more = true; more; shift += 5) {
      const digit = text.charCodeAt(position++) - 48;
      if (!(digit >= 0 && digit < 64) || shift > 30)
        throw new DetLabError(
          `Cannot read a run-length encoded mask: expected a character from "0" to "o" at position ${position} of ${text.length}, received ${JSON.stringify(text[position - 1] ?? 'nothing')}`,
        );
      value |= (digit & 0x1f) << shift;
      more = (digit & 0x20) !== 0;
      if (!more && digit & 0x10 && shift < 25) value |= -1 << (shift + 5);
    }
    const count = counts.length > 2 ? value + counts[counts.length - 2] : value;
    if (count < 0)
      throw new DetLabError(
        `Cannot read a run-length encoded mask: expected lengths >= 0, run ${counts.length} is ${count}`,
      );
    counts.push(count);
  }
  return Uint32Array.from(counts);
}
