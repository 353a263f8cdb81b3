// A mask that stays the string of a COCO results file: its run lengths are decoded each time they are used, which takes less
// than to read them from memory. Evaluation has hundreds of thousands of such masks, and uses each once.

import { DetLabError } from '../errors';
import type { Rle } from './rle';
import { readCounts } from './rle-string';

/** Has no fields that a copy to another thread would keep: send `{ height, width, counts }`. */
export class CompressedRle implements Rle {
  /** @param text compressed run lengths, zeros first */
  constructor(
    readonly height: number,
    readonly width: number,
    private readonly text: string,
  ) {}

  /** @throws DetLabError when it cannot be decoded, or its runs do not sum to the size */
  get counts(): Uint32Array {
    const counts = new Uint32Array(this.maxLength);
    return counts.slice(0, this.read(counts));
  }

  /** The number of runs is at most this. */
  get maxLength(): number {
    return this.text.length;
  }

  /** Writes the run lengths into `out`, of at least `maxLength`. @returns their number */
  read(out: Uint32Array): number {
    const { text, height, width } = this;
    const length = readCounts(text, out);
    let total = 0;
    for (let i = 0; i < length; i++) total += out[i];
    if (total !== height * width) throw wrongSize([height, width], total);
    return length;
  }
}

export const wrongSize = (size: unknown, total: number): DetLabError =>
  new DetLabError(
    `Cannot read a run-length encoded mask: expected runs that sum to its size [${size}], received ${total} pixels`,
  );
