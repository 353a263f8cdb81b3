// The overlap of rotated boxes: one rectangle is cut along the four sides of the other (Sutherland and Hodgman, 1974), in the frame
// of the other, in double precision. mmcv's box_iou_rotated and diff_iou_rotated_2d sort the corners of the intersection instead and
// lose some where two boxes are one: of a box beside itself turned by 180 degrees its IoU is 0.25.

import { ROTATED } from './rotated-boxes';

/** Sides of boxes in `rotatedOverlaps`, at least: below, the areas of mmcv have no digits left. */
const MIN_SIDE = 1e-3;
const MAX_COORDINATE = 1e7;

/** Corners of a polygon: [x, y], with their derivatives by the five numbers of the box after them where they are wanted. */
type Corner = number[];

/** The corners of box `a` in the frame of box `b`, whose center is the origin and whose sides are upright. */
function cornersIn(a: ArrayLike<number>, b: ArrayLike<number>, derivatives: boolean): Corner[] {
  const [cosB, sinB] = [Math.cos(b[4]), Math.sin(b[4])];
  const turn = a[4] - b[4];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const [dx, dy] = [a[0] - b[0], a[1] - b[1]];
  const [x, y] = [dx * cosB + dy * sinB, dy * cosB - dx * sinB];
  return [
    [0.5, 0.5],
    [-0.5, 0.5],
    [-0.5, -0.5],
    [0.5, -0.5],
  ].map(([sx, sy]) => {
    const [u, v] = [sx * a[2], sy * a[3]];
    const corner = [x + u * cos - v * sin, y + u * sin + v * cos];
    if (!derivatives) return corner;
    return [
      ...corner,
      ...[cosB, -sinB], // by x
      ...[sinB, cosB], // by y
      ...[sx * cos, sx * sin], // by the width
      ...[-sy * sin, sy * cos], // by the height
      ...[-u * sin - v * cos, u * cos - v * sin], // by the angle
    ];
  });
}

/** The part of a polygon on which coordinate `axis` times `sign` is at most `limit`. */
function cut(polygon: readonly Corner[], axis: 0 | 1, sign: 1 | -1, limit: number): Corner[] {
  const kept: Corner[] = [];
  for (const [i, to] of polygon.entries()) {
    const from = polygon[(i + polygon.length - 1) % polygon.length];
    const [before, after] = [sign * from[axis] - limit, sign * to[axis] - limit];
    if (before > 0 !== after > 0) kept.push(crossing(from, to, axis, before / (before - after)));
    if (after <= 0) kept.push(to);
  }
  return kept;
}

/** The point at `t` between two corners, where coordinate `axis` has a fixed value. */
function crossing(from: Corner, to: Corner, axis: 0 | 1, t: number): Corner {
  const point = from.map((v, k) => v + t * (to[k] - v));
  // the point stays on the line: along its direction by as much as `axis` would leave the value
  const slope = (to[1 - axis] - from[1 - axis]) / (to[axis] - from[axis]);
  for (let k = 2; k < point.length; k += 2) {
    point[k + 1 - axis] -= slope * point[k + axis];
    point[k + axis] = 0;
  }
  return point;
}

/** The common polygon of two boxes, in the frame of `b`. */
function common(a: ArrayLike<number>, b: ArrayLike<number>, derivatives: boolean): Corner[] {
  let polygon = cornersIn(a, b, derivatives);
  for (const axis of [0, 1] as const)
    for (const sign of [1, -1] as const) polygon = cut(polygon, axis, sign, b[2 + axis] / 2);
  return polygon;
}

/** Area of a polygon: half of the sum of x1 * y2 - x2 * y1 over its edges. */
function areaOf(polygon: readonly Corner[]): number {
  let twice = 0;
  for (const [i, [x, y]] of polygon.entries()) {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length];
    twice += x * nextY - nextX * y;
  }
  return Math.abs(twice) / 2;
}

/** Half of the diagonal: no part of a box is farther from its center. */
export const rotatedRadius = (box: ArrayLike<number>): number => Math.sqrt(box[2] * box[2] + box[3] * box[3]) / 2;

/** Whether boxes of these half diagonals, added, cannot touch. */
export const areApart = (a: ArrayLike<number>, b: ArrayLike<number>, radii: number): boolean =>
  (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) > radii * radii;

/** Area that two boxes have in common. */
const rotatedIntersection = (a: ArrayLike<number>, b: ArrayLike<number>): number => areaOf(common(a, b, false));

/** The same, and its derivatives by the five numbers of `a`. */
export function rotatedIntersectionGradient(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): { area: number; gradient: number[] } {
  const gradient = [0, 0, 0, 0, 0];
  if (areApart(a, b, rotatedRadius(a) + rotatedRadius(b))) return { area: 0, gradient };
  const polygon = common(a, b, true);
  let twice = 0;
  for (const [i, corner] of polygon.entries()) {
    const [before, after] = [polygon[(i + polygon.length - 1) % polygon.length], polygon[(i + 1) % polygon.length]];
    twice += corner[0] * after[1] - after[0] * corner[1];
    for (let k = 0; k < 5; k++)
      gradient[k] += (corner[2 + 2 * k] * (after[1] - before[1]) + corner[3 + 2 * k] * (before[0] - after[0])) / 2;
  }
  // sides below 0 turn the polygon around
  const sign = Math.sign(twice);
  return { area: Math.abs(twice) / 2, gradient: gradient.map((v) => v * sign) };
}

/** IoU of two boxes that may touch; `iof` divides by the area of `a` instead of the union. */
export function rotatedOverlap(a: ArrayLike<number>, b: ArrayLike<number>, mode: 'iou' | 'iof' = 'iou'): number {
  const [areaA, areaB] = [a[2] * a[3], b[2] * b[3]];
  if (!(areaA >= 1e-14 && areaB >= 1e-14)) return 0;
  const overlap = rotatedIntersection(a, b);
  return overlap / (mode === 'iof' ? areaA : areaA + areaB - overlap);
}

/** Pairwise overlap of boxes `a` [A, 5] and `b` [B, 5], row-major [A, B]. Sides are at least 0.001 pixels. */
export function rotatedOverlaps(a: Float32Array, b: Float32Array, mode: 'iou' | 'iof' = 'iou'): Float32Array {
  const [rows, columns] = [clamped(a), clamped(b)];
  const [radii, others] = [rows.map(rotatedRadius), columns.map(rotatedRadius)];
  const out = new Float32Array(rows.length * columns.length);
  for (let i = 0, at = 0; i < rows.length; i++)
    for (let j = 0; j < columns.length; j++, at++)
      if (!areApart(rows[i], columns[j], radii[i] + others[j])) out[at] = rotatedOverlap(rows[i], columns[j], mode);
  return out;
}

function clamped(boxes: Float32Array): number[][] {
  return Array.from({ length: boxes.length / ROTATED }, (_, i) => {
    const [x, y, w, h, angle] = boxes.subarray(i * ROTATED, (i + 1) * ROTATED);
    const within = (v: number) => Math.min(Math.max(v, -MAX_COORDINATE), MAX_COORDINATE);
    return [within(x), within(y), Math.max(w, MIN_SIDE), Math.max(h, MIN_SIDE), angle];
  });
}
