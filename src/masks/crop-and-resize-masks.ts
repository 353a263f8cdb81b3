// Targets of a mask head: the object's mask inside a box, resampled to a fixed size. Bitmaps are averaged as by RoIAlign
// (one bin per target pixel, adaptive sampling) and thresholded at 0.5; polygons are scaled and rasterised. Sums are taken
// run by run: the cost depends on the bins a box's columns cover, not on the size of the mask.

import { DetLabError } from '../errors';
import { isY } from '../geometry/boxes';
import { type InstanceMasks, polygonsToRle } from './instance-masks';
import { decodeRle } from './rle';
import { type ColumnRuns, columnRuns } from './rle-geometry';

const f = Math.fround;

export interface CropAndResizeOptions {
  /** [height, width] of a target. */
  size: [number, number];
  /** False: keep the averages (`soft_mask_target`). */
  binarize?: boolean;
}

/**
 * Targets [boxes, height, width] of `boxes` (flat xyxy), box i assigned to object `objects[i]`.
 * @throws DetLabError for polygons with `binarize` false.
 */
export function cropAndResizeMasks(
  masks: InstanceMasks,
  boxes: Float32Array,
  objects: ArrayLike<number>,
  { size: [height, width], binarize = true }: CropAndResizeOptions,
): Float32Array {
  const count = boxes.length / 4;
  const out = new Float32Array(count * height * width);
  const columns = new Map<number, ColumnRuns>();
  for (let i = 0; i < count; i++) {
    const box = boxes
      .subarray(4 * i, 4 * i + 4)
      .map((v, k) => Math.min(Math.max(v, 0), isY(k) ? masks.height : masks.width));
    const target = out.subarray(i * height * width, (i + 1) * height * width);
    if (masks.kind === 'polygon') {
      if (!binarize)
        throw new DetLabError(
          'Cannot compute soft mask targets: expected bitmaps, received polygons. Set soft_mask_target: false, or poly2mask: true in LoadAnnotations',
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
  const scaled = parts.map((part) => part.map((v, i) => (isY(i) ? (v - y1) * sy : (v - x1) * sx)));
  return decodeRle(polygonsToRle(scaled, height, width));
}

/** Sample positions along one axis: `perBin` per bin, in single precision and in mmcv's order of operations. */
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

/** The pixels around a sample and the weight of the higher one; `low` is -1 for a sample outside the mask. */
function tap(sample: number, length: number): { low: number; high: number; rest: number } {
  if (sample < -1 || sample > length) return { low: -1, high: -1, rest: 0 };
  const position = Math.max(sample, 0);
  const low = Math.floor(position);
  if (low >= length - 1) return { low: length - 1, high: length - 1, rest: 0 };
  return { low, high: low + 1, rest: f(position - low) };
}

/**
 * Weights of the pixels along an axis in each bin, as prefix sums: bin b covers the pixels from first[b] on, and
 * sums[starts[b] + k] is the total weight of the first k of them.
 */
interface BinWeights {
  first: Int32Array;
  starts: Int32Array;
  sums: Float64Array;
}

function binWeights({ perBin, samples }: Axis, bins: number, length: number): BinWeights {
  const weights: BinWeights = {
    first: new Int32Array(bins),
    starts: new Int32Array(bins + 1),
    sums: new Float64Array(bins * (perBin + 3)),
  };
  const { first, starts, sums } = weights;
  for (let b = 0; b < bins; b++) {
    // samples ascend: the first one inside the mask has the lowest pixel
    let low = -1;
    let high = -1;
    for (let i = b * perBin; i < (b + 1) * perBin; i++) {
      const sample = samples[i];
      if (sample < -1 || sample > length) continue;
      const pixel = Math.min(Math.floor(Math.max(sample, 0)), length - 1);
      const next = Math.min(pixel + 1, length - 1);
      const rest = pixel === next ? 0 : f(Math.max(sample, 0) - pixel);
      if (low < 0) low = pixel;
      sums[starts[b] + pixel - low + 1] += (1 - rest) / perBin;
      sums[starts[b] + next - low + 1] += rest / perBin;
      high = next;
    }
    first[b] = Math.max(low, 0);
    starts[b + 1] = starts[b] + (low < 0 ? 1 : high - low + 2);
    for (let k = starts[b] + 1; k < starts[b + 1]; k++) sums[k] += sums[k - 1];
  }
  return weights;
}

/** Averages this close to 0.5 are recomputed with the reference's rounding. */
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
  const byRow = binWeights(rows, height, maskHeight);
  const byColumn = binWeights(columns, width, maskWidth);
  const sums = new Float64Array(height * width);
  const inColumn = new Float64Array(height);
  let held = -1; // the column whose bin shares are in `inColumn`
  for (let b = 0; b < width; b++)
    for (let k = byColumn.starts[b]; k < byColumn.starts[b + 1] - 1; k++) {
      const x = byColumn.first[b] + k - byColumn.starts[b];
      const weight = byColumn.sums[k + 1] - byColumn.sums[k];
      if (weight === 0 || starts[x] === starts[x + 1]) continue;
      if (x !== held) columnShares(runs, 2 * starts[x], 2 * starts[x + 1], byRow, inColumn);
      held = x;
      for (let row = 0; row < height; row++) sums[row * width + b] += weight * inColumn[row];
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

/** The weight that the runs [from, to) of one column cover in every bin of rows. */
function columnShares(
  runs: Int32Array,
  from: number,
  to: number,
  { first, starts, sums }: BinWeights,
  out: Float64Array,
): void {
  for (let b = 0; b < out.length; b++) {
    const last = starts[b + 1] - starts[b] - 1;
    let share = 0;
    for (let k = from; k < to; k += 2) {
      const low = runs[k] - first[b];
      const high = runs[k + 1] - first[b];
      if (high <= 0 || low >= last) continue;
      share += sums[starts[b] + Math.min(high, last)] - sums[starts[b] + Math.max(low, 0)];
    }
    out[b] = share;
  }
}

/** The average of one bin, sample by sample in single precision in mmcv's order. */
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
      let interpolated = f(f(hy * hx) * value(y.low, x.low));
      interpolated = f(interpolated + f(f(hy * x.rest) * value(y.low, x.high)));
      interpolated = f(interpolated + f(f(y.rest * hx) * value(y.high, x.low)));
      interpolated = f(interpolated + f(f(y.rest * x.rest) * value(y.high, x.high)));
      sum = f(sum + interpolated);
    }
  return f(sum / Math.max(rows.perBin * columns.perBin, 1));
}
