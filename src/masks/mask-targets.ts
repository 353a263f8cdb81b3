// What a mask head should predict for a box: the object's mask inside the box, at a fixed small size, of 0 and 1.
// Bitmaps are averaged as RoIAlign does (one bin a pixel, adaptive sampling) and cut at one half; polygons are scaled and
// painted anew. Sums go run by run: a box costs as much as its columns have bins, however large the mask.

import { DetLabError } from '../errors';
import { type InstanceMasks, polygonsToRle } from './instance-masks';
import { decodeRle } from './rle';
import { type ColumnRuns, columnRuns } from './rle-geometry';

const f = Math.fround;

export interface MaskTargetOptions {
  /** [height, width] of a target. */
  size: [number, number];
  /** False keeps the averages (`soft_mask_target`). */
  binarize?: boolean;
}

/**
 * Targets [boxes, height, width] of `boxes` (flat xyxy), box i over object `objects[i]`.
 * @throws DetLabError for polygons with `binarize` false.
 */
export function maskTargets(
  masks: InstanceMasks,
  boxes: Float32Array,
  objects: ArrayLike<number>,
  { size: [height, width], binarize = true }: MaskTargetOptions,
): Float32Array {
  const count = boxes.length / 4;
  const out = new Float32Array(count * height * width);
  const columns = new Map<number, ColumnRuns>();
  for (let i = 0; i < count; i++) {
    const box = boxes
      .subarray(4 * i, 4 * i + 4)
      .map((v, k) => Math.min(Math.max(v, 0), k & 1 ? masks.height : masks.width));
    const target = out.subarray(i * height * width, (i + 1) * height * width);
    if (masks.kind === 'polygon') {
      if (!binarize)
        throw new DetLabError(
          'Cannot make soft mask targets of polygons: set soft_mask_target to false, or poly2mask to true in LoadAnnotations',
        );
      target.set(polygonTarget(masks.masks[objects[i]], box, height, width));
      continue;
    }
    let runs = columns.get(objects[i]);
    if (!runs) columns.set(objects[i], (runs = columnRuns(masks.masks[objects[i]])));
    bitmapTarget(runs, masks, box, target, [height, width], binarize);
  }
  return out;
}

function polygonTarget(parts: readonly Float64Array[], box: Float32Array, height: number, width: number): Uint8Array {
  const [x1, y1, x2, y2] = box;
  const [sx, sy] = [width / Math.max(f(x2 - x1), 1), height / Math.max(f(y2 - y1), 1)];
  const scaled = parts.map((part) => part.map((v, i) => (i & 1 ? (v - y1) * sy : (v - x1) * sx)));
  return decodeRle(polygonsToRle(scaled, height, width));
}

/** Positions of the samples along one axis: bins times `perBin`, in single precision and in mmcv's order of operations. */
interface Axis {
  perBin: number;
  samples: Float32Array;
}

function axis(low: number, high: number, bins: number): Axis {
  const start = f(low - 0.5);
  const extent = f(f(high - 0.5) - start);
  const bin = f(extent / bins);
  const perBin = Math.ceil(f(extent / bins));
  const samples = new Float32Array(bins * perBin);
  for (let b = 0; b < bins; b++)
    for (let i = 0; i < perBin; i++)
      samples[b * perBin + i] = f(f(start + f(b * bin)) + f(f((i + 0.5) * bin) / perBin));
  return { perBin, samples };
}

/** Pixel below a sample and its weight to the next one; the pixel is -1 for a sample outside of the mask. */
function tap(sample: number, length: number): { low: number; high: number; rest: number } {
  if (sample < -1 || sample > length) return { low: -1, high: -1, rest: 0 };
  const at = Math.max(sample, 0);
  const low = Math.floor(at);
  if (low >= length - 1) return { low: length - 1, high: length - 1, rest: 0 };
  return { low, high: low + 1, rest: f(at - low) };
}

/** The weights of the rows in one bin, summed up from `first` on: sums[k] is the weight of rows first .. first + k - 1. */
interface RowWeights {
  first: number;
  sums: Float64Array;
}

function rowWeights({ perBin, samples }: Axis, bins: number, length: number): RowWeights[] {
  return Array.from({ length: bins }, (_, b) => {
    const taps = Array.from({ length: perBin }, (_, i) => tap(samples[b * perBin + i], length)).filter(
      (t) => t.low >= 0,
    );
    const first = Math.min(...taps.map((t) => t.low), length);
    const last = Math.max(...taps.map((t) => t.high), first - 1);
    const sums = new Float64Array(last - first + 2);
    for (const { low, high, rest } of taps) {
      sums[low - first + 1] += (1 - rest) / perBin;
      sums[high - first + 1] += rest / perBin;
    }
    for (let k = 1; k < sums.length; k++) sums[k] += sums[k - 1];
    return { first, sums };
  });
}

/** Averages this near to one half are taken again with the reference's own rounding. */
const NEAR_HALF = 5e-5;

function bitmapTarget(
  mask: ColumnRuns,
  { height: maskHeight, width: maskWidth }: { height: number; width: number },
  [x1, y1, x2, y2]: Float32Array,
  out: Float32Array,
  [height, width]: [number, number],
  binarize: boolean,
): void {
  const [rows, columns] = [axis(y1, y2, height), axis(x1, x2, width)];
  const { starts, runs } = mask;
  const weights = rowWeights(rows, height, maskHeight);
  const sums = new Float64Array(height * width);
  const inColumn = new Float64Array(height);
  let held = -1; // the column whose share of every bin is in `inColumn`
  const add = (x: number, bin: number, weight: number) => {
    if (starts[x] === starts[x + 1] || weight === 0) return;
    if (x !== held) {
      columnShares(runs.subarray(2 * starts[x], 2 * starts[x + 1]), weights, inColumn);
      held = x;
    }
    for (let b = 0; b < height; b++) sums[b * width + bin] += weight * inColumn[b];
  };
  for (let b = 0; b < width; b++) {
    const share = new Map<number, number>();
    for (let i = 0; i < columns.perBin; i++) {
      const { low, high, rest } = tap(columns.samples[b * columns.perBin + i], maskWidth);
      if (low < 0) continue;
      share.set(low, (share.get(low) ?? 0) + (1 - rest) / columns.perBin);
      share.set(high, (share.get(high) ?? 0) + rest / columns.perBin);
    }
    for (const [x, weight] of share) add(x, b, weight);
  }
  for (let i = 0; i < sums.length; i++) {
    if (!binarize) out[i] = sums[i];
    else if (Math.abs(sums[i] - 0.5) > NEAR_HALF) out[i] = sums[i] > 0.5 ? 1 : 0;
    else {
      const [by, bx] = [Math.floor(i / width), i % width];
      out[i] = roundedAverage(mask, rows, columns, by, bx, maskHeight, maskWidth) >= 0.5 ? 1 : 0;
    }
  }
}

/** How much of every bin's rows the runs of one column cover. */
function columnShares(runs: Int32Array, weights: RowWeights[], out: Float64Array): void {
  for (const [b, { first, sums }] of weights.entries()) {
    const last = sums.length - 1;
    let share = 0;
    for (let k = 0; k < runs.length; k += 2) {
      const from = runs[k] - first;
      const to = runs[k + 1] - first;
      if (to <= 0 || from >= last) continue;
      share += sums[Math.min(to, last)] - sums[Math.max(from, 0)];
    }
    out[b] = share;
  }
}

/** One bin sample by sample in single precision, as mmcv adds it up. */
function roundedAverage(
  { starts, runs }: ColumnRuns,
  rows: Axis,
  columns: Axis,
  binY: number,
  binX: number,
  height: number,
  width: number,
): number {
  const value = (y: number, x: number): number => {
    for (let k = starts[x]; k < starts[x + 1]; k++) if (y >= runs[2 * k] && y < runs[2 * k + 1]) return 1;
    return 0;
  };
  let sum = 0;
  for (let i = 0; i < rows.perBin; i++)
    for (let j = 0; j < columns.perBin; j++) {
      const y = tap(rows.samples[binY * rows.perBin + i], height);
      const x = tap(columns.samples[binX * columns.perBin + j], width);
      if (y.low < 0 || x.low < 0) continue;
      const [hy, hx] = [f(1 - y.rest), f(1 - x.rest)];
      let part = f(f(hy * hx) * value(y.low, x.low));
      part = f(part + f(f(hy * x.rest) * value(y.low, x.high)));
      part = f(part + f(f(y.rest * hx) * value(y.high, x.low)));
      part = f(part + f(f(y.rest * x.rest) * value(y.high, x.high)));
      sum = f(sum + part);
    }
  return f(sum / Math.max(rows.perBin * columns.perBin, 1));
}
