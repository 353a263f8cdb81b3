// COCO's run-length encoded binary masks: column-major pixels, alternating lengths of runs of 0 and 1, zeros first. All of
// pycocotools' operations on them work run by run, never pixel by pixel.

import { DetLabError } from '../errors';

export interface Rle {
  height: number;
  width: number;
  /** Run lengths, those at odd indices are foreground; they sum to height * width. */
  counts: Uint32Array;
}

/** Builds a mask from foreground ranges in ascending column-major order; adjacent ranges merge. */
export class RleBuilder {
  private readonly counts: number[] = [0];
  private end = 0;

  /** Foreground in [from, to). */
  add(from: number, to: number): void {
    if (to <= from) return;
    const last = this.counts.length - 1;
    if (from === this.end && last % 2 === 1) this.counts[last] += to - from;
    else if (last % 2 === 0) {
      this.counts[last] += from - this.end;
      this.counts.push(to - from);
    } else this.counts.push(from - this.end, to - from);
    this.end = to;
  }

  finish(height: number, width: number): Rle {
    const rest = height * width - this.end;
    const last = this.counts.length - 1;
    if (rest > 0 && last % 2 === 1) this.counts.push(rest);
    else if (rest > 0) this.counts[last] += rest;
    return { height, width, counts: Uint32Array.from(this.counts) };
  }
}

/**
 * Encodes a row-major bitmap; nonzero values are foreground.
 *
 * @example encodeRle(new Uint8Array([0, 1, 1, 1]), 2, 2).counts // [1, 3]
 */
export function encodeRle(bitmap: ArrayLike<number>, height: number, width: number): Rle {
  if (bitmap.length !== height * width)
    throw new DetLabError(
      `Cannot encode a mask of ${height} x ${width}: expected ${height * width} pixels, received ${bitmap.length}`,
    );
  const builder = new RleBuilder();
  for (let x = 0; x < width; x++)
    for (let y = 0; y < height; ) {
      while (y < height && !bitmap[y * width + x]) y++;
      const from = y;
      while (y < height && bitmap[y * width + x]) y++;
      builder.add(x * height + from, x * height + y);
    }
  return builder.finish(height, width);
}

/** The row-major bitmap of 0 and 1. */
export function decodeRle(mask: Rle): Uint8Array {
  const { height, width } = mask;
  const bitmap = new Uint8Array(height * width);
  for (const [from, to] of foreground(mask)) {
    let x = Math.floor(from / height);
    let y = from - x * height;
    for (let i = from; i < to; i++) {
      bitmap[y * width + x] = 1;
      if (++y === height) {
        y = 0;
        x++;
      }
    }
  }
  return bitmap;
}

/** Non-empty foreground ranges [from, to) in column-major order. */
export function* foreground({ counts }: Rle): Generator<[number, number]> {
  let pixel = 0;
  for (let i = 0; i < counts.length; i++) {
    if (i % 2 === 1 && counts[i] > 0) yield [pixel, pixel + counts[i]];
    pixel += counts[i];
  }
}

/** Number of foreground pixels. */
export function rleArea({ counts }: Rle): number {
  let area = 0;
  for (let i = 1; i < counts.length; i += 2) area += counts[i];
  return area;
}

/** Smallest box [x, y, width, height] around the foreground; zeros when there is none. */
export function rleToBox({ counts, height, width }: Rle): [number, number, number, number] {
  let [left, top, right, bottom] = [width, height, 0, 0];
  if (counts.length < 2 || height === 0) return [0, 0, 0, 0];
  // first pixel of a run, row y of column x; runs are unsigned: without | 0, arithmetic would be in float64
  let [x, y] = [0, 0];
  for (let i = 1; i < counts.length; i += 2) {
    y = (y + counts[i - 1]) | 0;
    if (y >= height) {
      const columns = y < 2 * height ? 1 : Math.floor(y / height);
      x += columns;
      y -= columns * height;
    }
    if (x < left) left = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
    y = (y + counts[i]) | 0;
    let [lastX, lastY] = [x, y - 1]; // an empty run at the top of a column ends in the column before, as in pycocotools
    if (lastY < 0 && x > 0) [lastX, lastY] = [x - 1, height - 1];
    else if (lastY >= height) {
      const columns = Math.floor(lastY / height);
      lastX += columns;
      lastY -= columns * height;
      [top, bottom] = [0, height - 1]; // the run spans a column end
    }
    if (lastX < left) left = lastX;
    if (lastX > right) right = lastX;
    if (lastY < top) top = lastY;
    if (lastY > bottom) bottom = lastY;
  }
  if (x > right) right = x;
  return [left, top, right - left + 1, bottom - top + 1];
}

/** Union of masks of one size, or their intersection. */
export function mergeRles(masks: readonly Rle[], intersect = false): Rle {
  if (masks.length === 0) return { height: 0, width: 0, counts: new Uint32Array(0) };
  return masks.reduce((whole, mask) => mergeTwo(whole, mask, intersect));
}

function mergeTwo(a: Rle, b: Rle, intersect: boolean): Rle {
  if (a.height !== b.height || a.width !== b.width)
    throw new DetLabError(
      `Cannot merge masks: expected one size, received ${a.height} x ${a.width} and ${b.height} x ${b.width}`,
    );
  const counts: number[] = [];
  let run = 0;
  let inside = false;
  walkBoth(a, b, (length, _inA, _inB, nextA, nextB, ends) => {
    run += length;
    const next = intersect ? nextA && nextB : nextA || nextB;
    if (next !== inside || ends) {
      counts.push(run);
      run = 0;
    }
    inside = next;
  });
  return { height: a.height, width: a.width, counts: Uint32Array.from(counts) };
}

/** The part of a mask that is not in another one. */
export function subtractRle(mask: Rle, removed: Rle): Rle {
  const { counts } = removed;
  const rest = counts[0] === 0 ? counts.subarray(1) : Uint32Array.of(0, ...counts);
  return mergeTwo(mask, { ...removed, counts: rest }, true);
}

/** Walks two masks in parallel, in steps over which neither changes. */
export function walkBoth(
  { counts: a }: Rle,
  { counts: b }: Rle,
  step: (length: number, inA: boolean, inB: boolean, nextA: boolean, nextB: boolean, ends: boolean) => void,
): void {
  let [i, j] = [1, 1];
  let [leftA, leftB] = [a[0] ?? 0, b[0] ?? 0];
  let [inA, inB] = [false, false];
  for (let ends = false; !ends; ) {
    const length = Math.min(leftA, leftB);
    const [wasA, wasB] = [inA, inB];
    leftA -= length;
    leftB -= length;
    if (leftA === 0 && i < a.length) {
      leftA = a[i++];
      inA = !inA;
    }
    if (leftB === 0 && j < b.length) {
      leftB = b[j++];
      inB = !inB;
    }
    ends = leftA + leftB === 0;
    step(length, wasA, wasB, inA, inB, ends);
  }
}
