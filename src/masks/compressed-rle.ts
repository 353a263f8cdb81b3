// A mask that stays compressed as in a COCO results file: its run lengths are decoded each time they are used, which takes less
// than to read them from memory. Evaluation has hundreds of thousands of such masks, and uses each once.

import { DetLabError } from '../errors';
import type { Rle } from './rle';
import { readCounts, sums } from './rle-string';

/** Has no fields that a copy to another thread would keep: send `{ height, width, counts }`. */
export class CompressedRle implements Rle {
  /** @param bytes where the characters from `from` to `to` are its run lengths, zeros first; many masks may share them */
  constructor(
    readonly height: number,
    readonly width: number,
    readonly bytes: Uint8Array,
    readonly from = 0,
    readonly to = bytes.length,
  ) {}

  /** @throws DetLabError when it cannot be decoded, or its runs do not sum to the size */
  get counts(): Uint32Array {
    const counts = new Uint32Array(this.maxLength);
    return counts.slice(0, this.read(counts));
  }

  /** The number of runs is at most this. */
  get maxLength(): number {
    return this.to - this.from;
  }

  /** Writes the run lengths into `out`, of at least `maxLength`. @returns their number; `sums` are theirs */
  read(out: Uint32Array): number {
    const { height, width } = this;
    const length = readCounts(this.bytes, this.from, this.to, out);
    if (sums.total !== height * width) throw wrongSize([height, width], sums.total);
    return length;
  }
}

export const wrongSize = (size: unknown, total: number): DetLabError =>
  new DetLabError(
    `Cannot read a run-length encoded mask: expected runs that sum to its size [${size}], received ${total} pixels`,
  );
