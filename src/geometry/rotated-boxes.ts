// Geometry of rotated boxes in flat arrays: center x, center y, width, height, angle per box, in pixels and radians, the angle
// clockwise as seen in an image. MMRotate's `rbox`; its `qbox` is the four corners of a box, eight numbers. Single precision.

import { type FlipDirection, isY, type Size } from './boxes';
import { smallestRectangle } from './smallest-rectangle';

const f = Math.fround;

/** Numbers of a rotated box, and of a box given by its corners. */
export const ROTATED = 5;
export const CORNERS = 8;

/**
 * How angles and sides are made unique: `oc` has angles from -90 degrees up to 0 (OpenCV's), `le90` from -90 up to 90 and `le135`
 * from -45 up to 135 with the width as the longer side.
 */
export const ANGLE_VERSIONS = ['oc', 'le90', 'le135'] as const;
export type AngleVersion = (typeof ANGLE_VERSIONS)[number];

function mapped(
  boxes: Float32Array,
  width: number,
  to: number,
  map: (box: Float32Array) => readonly number[],
): Float32Array {
  const out = new Float32Array((boxes.length / width) * to);
  for (let i = 0; i * width < boxes.length; i++) out.set(map(boxes.subarray(i * width, (i + 1) * width)), i * to);
  return out;
}

const modulo = (a: number, b: number): number => a - b * Math.floor(a / b);

/** The upright boxes, xyxy, around rotated ones. */
export const aroundRotated = (boxes: Float32Array): Float32Array =>
  mapped(boxes, ROTATED, 4, ([x, y, w, h, angle]) => {
    const [cos, sin] = [Math.abs(f(Math.cos(angle))), Math.abs(f(Math.sin(angle)))];
    const dx = f(f((w / 2) * cos) + f((h / 2) * sin));
    const dy = f(f((w / 2) * sin) + f((h / 2) * cos));
    return [x - dx, y - dy, x + dx, y + dy];
  });

/** The upright boxes, xyxy, around the corners of others. */
export const aroundCorners = (corners: Float32Array): Float32Array =>
  mapped(corners, CORNERS, 4, (points) => {
    const xs = points.filter((_, i) => !isY(i));
    const ys = points.filter((_, i) => isY(i));
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  });

/** Rotated boxes of an angle of 0 from upright ones, xyxy. */
export const uprightAsRotated = (boxes: Float32Array): Float32Array =>
  mapped(boxes, 4, ROTATED, ([x1, y1, x2, y2]) => [f(x1 + x2) / 2, f(y1 + y2) / 2, x2 - x1, y2 - y1, 0]);

/** The corners of upright boxes, xyxy, clockwise from the top left. */
export const uprightCorners = (boxes: Float32Array): Float32Array =>
  mapped(boxes, 4, CORNERS, ([x1, y1, x2, y2]) => [x1, y1, x2, y1, x2, y2, x1, y2]);

/** The corners of rotated boxes, in MMRotate's order. */
export const rotatedCorners = (boxes: Float32Array): Float32Array =>
  mapped(boxes, ROTATED, CORNERS, ([x, y, w, h, angle]) => {
    const [cos, sin] = [f(Math.cos(angle)), f(Math.sin(angle))];
    const [ax, ay] = [f((w / 2) * cos), f((w / 2) * sin)];
    const [bx, by] = [f((-h / 2) * sin), f((h / 2) * cos)];
    return [x + ax + bx, y + ay + by, x + ax - bx, y + ay - by, x - ax - bx, y - ay - by, x - ax + bx, y - ay + by];
  });

/** The smallest rotated boxes around the corners of others; angles from 0 (exclusive) to 90 degrees. */
export const cornersAsRotated = (corners: Float32Array): Float32Array =>
  mapped(corners, CORNERS, ROTATED, (points) => smallestRectangle(points));

/** Angles in the range of a version; sides stay as they are. */
export function normalAngle(angle: number, version: AngleVersion): number {
  if (version === 'oc') return angle;
  const start = version === 'le90' ? Math.PI / 2 : Math.PI / 4;
  return modulo(angle + start, Math.PI) - start;
}

/** The one form of each box that a version has: sides are swapped where the angle turns by 90 degrees. */
export const regularized = (boxes: Float32Array, version: AngleVersion): Float32Array =>
  mapped(boxes, ROTATED, ROTATED, ([x, y, w, h, angle]) => {
    const start = version === 'le135' ? -Math.PI / 4 : -Math.PI / 2;
    if (version === 'oc') {
      const turn = modulo(angle - start, Math.PI);
      return turn < Math.PI / 2 ? [x, y, w, h, turn + start] : [x, y, h, w, turn - Math.PI / 2 + start];
    }
    const turn = w > h ? angle : angle + Math.PI / 2;
    return [x, y, Math.max(w, h), Math.min(w, h), modulo(turn - start, Math.PI) + start];
  });

export const flipRotated = (boxes: Float32Array, direction: FlipDirection, [height, width]: Size): Float32Array =>
  mapped(boxes, ROTATED, ROTATED, ([x, y, w, h, angle]) => [
    direction === 'vertical' ? x : width - x,
    direction === 'horizontal' ? y : height - y,
    w,
    h,
    direction === 'diagonal' ? angle : -angle,
  ]);

/**
 * Boxes of an image that is scaled by [x, y]. Where the two differ, what becomes of a box is no rectangle: the sides and the angle are those
 * of its axes.
 */
export const scaleRotated = (boxes: Float32Array, [sx, sy]: readonly [number, number]): Float32Array =>
  mapped(boxes, ROTATED, ROTATED, ([x, y, w, h, angle]) => {
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return [
      x * sx,
      y * sy,
      w * Math.hypot(sx * cos, sy * sin),
      h * Math.hypot(sx * sin, sy * cos),
      Math.atan2(sx * sin, sy * cos),
    ];
  });

export const shiftRotated = (boxes: Float32Array, left: number, top: number): Float32Array =>
  mapped(boxes, ROTATED, ROTATED, ([x, y, w, h, angle]) => [x + left, y + top, w, h, angle]);

/**
 * Boxes of an image that is turned by `degrees`, clockwise.
 *
 * @param matrix where the turn takes points: two rows of three numbers
 */
export const turnRotated = (boxes: Float32Array, matrix: readonly number[], degrees: number): Float32Array =>
  mapped(boxes, ROTATED, ROTATED, ([x, y, w, h, angle]) => {
    const [a, b, c, d, e, g] = matrix.map(f);
    return [a * x + b * y + c, d * x + e * y + g, w, h, angle + (degrees / 180) * Math.PI];
  });

/** Points x, y, x, y, ... under a map. */
export function mapPoints(
  points: Float32Array,
  map: (x: number, y: number) => readonly [number, number],
): Float32Array {
  const out = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) out.set(map(points[i], points[i + 1]), i);
  return out;
}

/** Indices of the boxes whose center is in an image. */
export function centersIn(boxes: Float32Array, [height, width]: Size): number[] {
  const inside: number[] = [];
  for (let i = 0, at = 0; at < boxes.length; i++, at += ROTATED)
    if (boxes[at] >= 0 && boxes[at + 1] >= 0 && boxes[at] <= width && boxes[at + 1] <= height) inside.push(i);
  return inside;
}
