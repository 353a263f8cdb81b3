// MMDetection's `bbox_overlaps` bit for bit: float32 arithmetic, unions of at least 1e-6, NaN passes through. Thresholds are
// rounded to float32 as well, as NumPy 2 does: an overlap of 0.7 reaches 0.7.

import type { ImageTruths } from './image-truths';

const f = Math.fround;
const EPSILON = f(1e-6);

export interface OverlapOptions {
  /** Widths include both border pixels (x2 - x1 + 1), as in VOC's official kit. */
  legacy?: boolean;
  /** Intersection over union, or over the area of the first box. */
  mode?: 'iou' | 'iof';
}

/** Width times height in float32 of box `i` of xyxy boxes. */
export function areaFloat32(boxes: ArrayLike<number>, i: number, legacy = false): number {
  const extra = legacy ? 1 : 0;
  const w = f(f(boxes[4 * i + 2]) - f(boxes[4 * i]));
  const h = f(f(boxes[4 * i + 3]) - f(boxes[4 * i + 1]));
  return f(f(w + extra) * f(h + extra));
}

/** Overlap of box `i` of `a` and box `j` of `b`, both xyxy. */
export function overlapFloat32(
  a: ArrayLike<number>,
  i: number,
  b: ArrayLike<number>,
  j: number,
  { legacy = false, mode = 'iou' }: OverlapOptions = {},
): number {
  const extra = legacy ? 1 : 0;
  const [p, q] = [4 * i, 4 * j];
  const w = f(f(Math.min(f(a[p + 2]), f(b[q + 2])) - Math.max(f(a[p]), f(b[q]))) + extra);
  const h = f(f(Math.min(f(a[p + 3]), f(b[q + 3])) - Math.max(f(a[p + 1]), f(b[q + 1]))) + extra);
  const shared = f(Math.max(w, 0) * Math.max(h, 0));
  const first = areaFloat32(a, i, legacy);
  const over = mode === 'iof' ? first : f(f(first + areaFloat32(b, j, legacy)) - shared);
  return f(shared / Math.max(over, EPSILON));
}

/** The ground-truth boxes of an image as float32 xyxy. */
export function cornersOf({ boxes }: Pick<ImageTruths, 'boxes'>): Float32Array {
  const corners = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    corners[i] = boxes[i];
    corners[i + 1] = boxes[i + 1];
    corners[i + 2] = boxes[i] + boxes[i + 2];
    corners[i + 3] = boxes[i + 1] + boxes[i + 3];
  }
  return corners;
}
