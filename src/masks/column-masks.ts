// Masks split at column ends, for intersections: those of two masks are found column by column, within the columns that both
// have. Many masks share a few growing arrays, so that an image's are read without allocating.

import { CompressedRle } from './compressed-rle';
import type { Rle } from './rle';
import { sums } from './rle-string';

/** Numbers of each mask in `heads`. */
const HEAD = 8;
const [HEIGHT, WIDTH, LEFT, RIGHT, TOP, BOTTOM, AREA, FIRST] = [0, 1, 2, 3, 4, 5, 6, 7];

export class ColumnMasks {
  private count = 0;
  private heads: Int32Array = new Int32Array(16 * HEAD);
  /** From FIRST of a mask on, for each column from LEFT to RIGHT: where its runs begin, and where they end. */
  private starts: Int32Array = new Int32Array(2048);
  private columns = 0;
  /** Foreground in rows [runs[2k], runs[2k + 1]). */
  private runs: Int32Array = new Int32Array(4096);
  private pieces = 0;
  /** The run lengths of a compressed mask. */
  private decoded = new Uint32Array(1024);
  private counts: Uint32Array = this.decoded;

  /** Forgets all masks. */
  clear(): void {
    this.count = 0;
    this.columns = 0;
    this.pieces = 0;
  }

  /** Run lengths of a mask, to be read before those of the next; their number is the result. */
  private read(mask: Rle): number {
    if (!(mask instanceof CompressedRle)) {
      this.counts = mask.counts;
      return mask.counts.length;
    }
    if (mask.maxLength > this.decoded.length) this.decoded = new Uint32Array(2 * mask.maxLength);
    this.counts = this.decoded;
    return mask.read(this.decoded);
  }

  /** Number of foreground pixels of a mask that is compared with none, which takes a third of `add`. */
  areaOf(mask: Rle): number {
    const length = this.read(mask);
    if (mask instanceof CompressedRle) return sums.foreground;
    const { counts } = this;
    let area = 0;
    for (let i = 1; i < length; i += 2) area = (area + counts[i]) | 0;
    return area;
  }

  /** @returns the index of the mask */
  add(mask: Rle): number {
    const { height, width } = mask;
    const length = this.read(mask);
    const { counts } = this;
    this.grow(length, width);
    const { starts, runs, heads } = this;
    let { columns, pieces } = this;
    let [left, top, bottom, area] = [0, height, 0, 0];
    // runs are unsigned: without | 0, arithmetic would be in float64
    let i = 1;
    let y = counts[0] | 0; // of the next run, in the current column
    for (; i < length && counts[i] === 0; i += 2) y = (y + counts[i + 1]) | 0;
    if (i < length) {
      left = Math.floor(y / height);
      y -= left * height;
      starts[columns++] = pieces;
    }
    for (; i < length; y = (y + counts[i + 1]) | 0, i += 2) {
      const run = counts[i] | 0;
      if (run === 0) continue;
      for (; y >= height; y -= height) starts[columns++] = pieces;
      let end = y + run;
      for (; end > height; end -= height) {
        runs[2 * pieces] = y;
        runs[2 * pieces + 1] = height;
        starts[columns++] = ++pieces;
        if (y < top) top = y;
        bottom = height;
        y = 0;
      }
      runs[2 * pieces] = y;
      runs[2 * pieces + 1] = end;
      pieces++;
      if (y < top) top = y;
      if (end > bottom) bottom = end;
      area += run;
      y = end;
    }
    const head = this.count * HEAD;
    heads[head + HEIGHT] = height;
    heads[head + WIDTH] = width;
    heads[head + LEFT] = left;
    heads[head + RIGHT] = left + columns - this.columns;
    heads[head + TOP] = top;
    heads[head + BOTTOM] = bottom;
    heads[head + AREA] = area;
    heads[head + FIRST] = this.columns;
    starts[columns++] = pieces;
    [this.columns, this.pieces] = [columns, pieces];
    return this.count++;
  }

  private grow(counts: number, width: number): void {
    if ((this.count + 1) * HEAD > this.heads.length) this.heads = grown(this.heads, (this.count + 1) * HEAD);
    const columns = this.columns + width + 1;
    if (columns > this.starts.length) this.starts = grown(this.starts, columns);
    const pieces = this.pieces + (counts >> 1) + width; // a run is split at most once per column
    if (2 * pieces > this.runs.length) this.runs = grown(this.runs, 2 * pieces);
  }

  /** Number of foreground pixels. */
  area(mask: number): number {
    return this.heads[mask * HEAD + AREA];
  }

  /**
   * IoU of two masks; `crowd`: intersection over the area of the first. Masks of different image sizes whose boxes overlap
   * give -1, as in pycocotools.
   */
  overlap(a: number, b: number, crowd: boolean): number {
    const { heads } = this;
    const [first, second] = [a * HEAD, b * HEAD];
    const left = Math.max(heads[first + LEFT], heads[second + LEFT]);
    const right = Math.min(heads[first + RIGHT], heads[second + RIGHT]);
    if (left >= right) return 0;
    const top = Math.max(heads[first + TOP], heads[second + TOP]);
    if (top >= Math.min(heads[first + BOTTOM], heads[second + BOTTOM])) return 0;
    if (heads[first + HEIGHT] !== heads[second + HEIGHT] || heads[first + WIDTH] !== heads[second + WIDTH]) return -1;
    const shared = this.shared(
      heads[first + FIRST] + left - heads[first + LEFT],
      heads[second + FIRST] + left - heads[second + LEFT],
      right - left,
    );
    if (shared === 0) return 0;
    const area = heads[first + AREA];
    return shared / (crowd ? area : area + heads[second + AREA] - shared);
  }

  /** Pixels that two masks share in a number of columns, from the columns `a` and `b` on. */
  private shared(a: number, b: number, columns: number): number {
    const { starts, runs } = this;
    let shared = 0;
    let [i, j] = [starts[a], starts[b]];
    for (let c = 1; c <= columns; c++) {
      const [endA, endB] = [starts[a + c], starts[b + c]];
      while (i < endA && j < endB) {
        const [toA, toB] = [runs[2 * i + 1], runs[2 * j + 1]];
        const from = Math.max(runs[2 * i], runs[2 * j]);
        const to = Math.min(toA, toB);
        if (to > from) shared += to - from;
        if (toA <= toB) i++;
        if (toB <= toA) j++;
      }
      [i, j] = [endA, endB];
    }
    return shared;
  }
}

function grown(array: Int32Array, length: number): Int32Array {
  const larger = new Int32Array(2 * length);
  larger.set(array);
  return larger;
}
