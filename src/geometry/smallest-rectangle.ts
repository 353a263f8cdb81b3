// The smallest rectangle around points, as cv2.minAreaRect gives it: one of its sides lies on an edge of their convex hull
// (Freeman and Shapira, 1975). Of several of one area, the first around the hull.

import { convexHull } from './convex-hull';

/** Center, sides and angle in radians, from 0 (exclusive) to 90 degrees. */
export type Rectangle = [x: number, y: number, width: number, height: number, angle: number];

const QUARTER = Math.PI / 2;
/** Areas that differ by less than this part are one. */
const SAME = 1e-6;

export function smallestRectangle(points: ArrayLike<number>): Rectangle {
  const hull = convexHull(points);
  if (hull.length === 0) return [0, 0, 0, 0, QUARTER];
  let best: Rectangle = [hull[0][0], hull[0][1], 0, 0, QUARTER];
  let smallest = Number.POSITIVE_INFINITY;
  for (const [i, [x, y]] of hull.entries()) {
    const [nextX, nextY] = hull[(i + 1) % hull.length];
    const length = Math.hypot(nextX - x, nextY - y);
    if (length === 0) continue;
    const rectangle = along(hull, [(nextX - x) / length, (nextY - y) / length]);
    const area = rectangle[2] * rectangle[3];
    if (area < smallest * (1 - SAME) || smallest === Number.POSITIVE_INFINITY) [best, smallest] = [rectangle, area];
  }
  return best;
}

/** The rectangle around points with a side in direction (u, v). */
function along(points: readonly (readonly [number, number])[], [u, v]: readonly [number, number]): Rectangle {
  let [low, high, left, right] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of points) {
    const [a, b] = [x * u + y * v, y * u - x * v];
    [low, high] = [Math.min(low, a), Math.max(high, a)];
    [left, right] = [Math.min(left, b), Math.max(right, b)];
  }
  const [a, b] = [(low + high) / 2, (left + right) / 2];
  let [angle, width, height] = [Math.atan2(v, u), high - low, right - left];
  while (angle <= 0) [angle, width, height] = [angle + QUARTER, height, width];
  while (angle > QUARTER) [angle, width, height] = [angle - QUARTER, height, width];
  return [a * u - b * v, a * v + b * u, width, height, angle];
}
