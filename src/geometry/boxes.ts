// Geometry of axis-aligned boxes in flat arrays: [x1, y1, x2, y2] per box, in pixels. Single precision throughout, as in
// MMDetection, so that a box on a threshold falls on the same side.

const f = Math.fround;
const boxCount = (boxes: Float32Array) => boxes.length / 4;
/** Whether coordinate `i` of a flat array x, y, x, y, ... is a y. */
export const isY = (i: number) => i % 2 === 1;

/** Size of an image or feature map, in MMDetection's order. */
export type Size = [height: number, width: number];

export type FlipDirection = 'horizontal' | 'vertical' | 'diagonal';

export type OverlapMode = 'iou' | 'iof' | 'giou';

/**
 * Pairwise overlap of boxes `a` [A, 4] and `b` [B, 4], row-major [A, B].
 * `iof` divides by the area of `a` (foreground) instead of the union; `giou` subtracts the empty share of the enclosing box.
 *
 * @example bboxOverlaps(new Float32Array([0, 0, 2, 2]), new Float32Array([1, 0, 3, 2]))[0] // 1/3
 */
export function bboxOverlaps(
  a: Float32Array,
  b: Float32Array,
  mode: OverlapMode = 'iou',
  epsilon = 1e-6,
): Float32Array {
  const rows = boxCount(a);
  const columns = boxCount(b);
  const out = new Float32Array(rows * columns);
  // of one row each area is used once: an assigner compares every object with the priors near it, and needs no list
  const areas = rows > 1 ? boxAreas(b) : undefined;
  const areasA = boxAreas(a);
  const minArea = f(epsilon);
  for (let i = 0; i < rows; i++) {
    const [ax1, ay1, ax2, ay2] = [a[4 * i], a[4 * i + 1], a[4 * i + 2], a[4 * i + 3]];
    const area = areasA[i];
    for (let j = 0, k = i * columns; j < columns; j++, k++) {
      const bx1 = b[4 * j];
      const by1 = b[4 * j + 1];
      const bx2 = b[4 * j + 2];
      const by2 = b[4 * j + 3];
      const w = f(Math.min(ax2, bx2) - Math.max(ax1, bx1));
      const h = f(Math.min(ay2, by2) - Math.max(ay1, by1));
      const overlap = w > 0 && h > 0 ? f(w * h) : 0;
      const other = areas ? areas[j] : f(f(bx2 - bx1) * f(by2 - by1));
      const whole = mode === 'iof' ? area : f(f(area + other) - overlap);
      const union = Math.max(whole, minArea);
      out[k] = overlap / union;
      if (mode !== 'giou') continue;
      const ew = f(Math.max(ax2, bx2) - Math.min(ax1, bx1));
      const eh = f(Math.max(ay2, by2) - Math.min(ay1, by1));
      const enclosing = Math.max(ew > 0 && eh > 0 ? f(ew * eh) : 0, minArea);
      out[k] = f(out[k] - f(f(enclosing - union) / enclosing));
    }
  }
  return out;
}

/** Area of every box. */
export function boxAreas(boxes: Float32Array): Float32Array {
  const areas = new Float32Array(boxCount(boxes));
  for (let i = 0; i < areas.length; i++)
    areas[i] = f(f(boxes[4 * i + 2] - boxes[4 * i]) * f(boxes[4 * i + 3] - boxes[4 * i + 1]));
  return areas;
}

/** Boxes clipped to an image of `size`: x in [0, width], y in [0, height]. */
export function clipBoxes(boxes: Float32Array, [height, width]: Size): Float32Array {
  return boxes.map((v, i) => Math.min(Math.max(v, 0), isY(i) ? height : width));
}

/** Boxes scaled by [x, y]. */
export function scaleBoxes(boxes: Float32Array, [x, y]: readonly [number, number]): Float32Array {
  const [fx, fy] = [f(x), f(y)];
  return boxes.map((v, i) => v * (isY(i) ? fy : fx));
}

/** Boxes moved to the right by `left` and down by `top`. */
export function shiftBoxes(boxes: Float32Array, left: number, top: number): Float32Array {
  return boxes.map((v, i) => v + (isY(i) ? top : left));
}

/** Boxes mirrored within an image of `size`; `diagonal` mirrors in both directions. */
export function flipBoxes(boxes: Float32Array, direction: FlipDirection, [height, width]: Size): Float32Array {
  const out = new Float32Array(boxes);
  for (let i = 0; i < boxes.length; i += 4) {
    if (direction !== 'vertical') [out[i], out[i + 2]] = [width - boxes[i + 2], width - boxes[i]];
    if (direction !== 'horizontal') [out[i + 1], out[i + 3]] = [height - boxes[i + 3], height - boxes[i + 1]];
  }
  return out;
}

/** Indices of the boxes that overlap the image. */
export function boxesInside(boxes: Float32Array, [height, width]: Size): number[] {
  return boxesWhere(boxes, (x1, y1, x2, y2) => x1 < width && y1 < height && x2 > 0 && y2 > 0);
}

/** Indices of the boxes that pass `test`. */
export function boxesWhere(
  boxes: Float32Array,
  test: (x1: number, y1: number, x2: number, y2: number, i: number) => boolean,
): number[] {
  const kept: number[] = [];
  for (let i = 0; i < boxCount(boxes); i++)
    if (test(boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3], i)) kept.push(i);
  return kept;
}

/** Up to this width a view of a row takes longer than its copy. */
const NARROW = 16;

/** The rows of `width` numbers at `indices`, in that order. */
export function takeRows(values: Float32Array, indices: ArrayLike<number>, width: number): Float32Array {
  const out = new Float32Array(width * indices.length);
  for (let k = 0, to = 0; k < indices.length; k++, to += width) {
    const from = width * indices[k];
    if (width > NARROW) out.set(values.subarray(from, from + width), to);
    else for (let c = 0; c < width; c++) out[to + c] = values[from + c];
  }
  return out;
}

/** The numbers at `indices`, in that order. */
export function takeValues<T extends Float32Array | Int32Array>(values: T, indices: ArrayLike<number>): T {
  const out = new (values.constructor as new (length: number) => T)(indices.length);
  for (let k = 0; k < indices.length; k++) out[k] = values[indices[k]];
  return out;
}

/** The boxes at `indices`, in that order. */
export function takeBoxes(boxes: Float32Array, indices: ArrayLike<number>): Float32Array {
  const out = new Float32Array(indices.length * 4);
  // numbers one by one: a view of each box would take longer than its copy
  for (let k = 0, to = 0; k < indices.length; k++) {
    const from = 4 * indices[k];
    out[to++] = boxes[from];
    out[to++] = boxes[from + 1];
    out[to++] = boxes[from + 2];
    out[to++] = boxes[from + 3];
  }
  return out;
}

/** Index of the first box (flat xyxy) with a coordinate that is NaN or infinite; -1 where there is none. */
export const firstNonFinite = (boxes: Float32Array): number => {
  const at = boxes.findIndex((v) => !Number.isFinite(v));
  return at < 0 ? -1 : at >> 2;
};
