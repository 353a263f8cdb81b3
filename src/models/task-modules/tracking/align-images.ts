// The rotation and shift from one image to another: enhanced correlation coefficient, forward additive (Evangelidis and
// Psarakis, Parametric Image Alignment Using Enhanced Correlation Coefficient Maximization, TPAMI 2008). As OpenCV's
// findTransformECC with MOTION_EUCLIDEAN, which rounds where it looks in the image to 1/32 of a pixel; here it is exact.

import type { GrayFrame } from '../../../data/types';

/** Where a pixel of the first image is in the second: rotated by `angle`, then shifted. */
export interface Warp {
  /** Radians. */
  angle: number;
  x: number;
  y: number;
}

export interface AlignOptions {
  iterations: number;
  /** Ends when the correlation changes by less. */
  epsilon: number;
}

/** Sums over the pixels that both images have: t of the first image, v of the second, j the derivatives of v by the warp. */
interface Sums {
  count: number;
  t: number;
  v: number;
  tt: number;
  vv: number;
  tv: number;
  j: Float64Array; // [3]
  jt: Float64Array; // [3]
  jv: Float64Array; // [3]
  /** Upper triangle: 00, 01, 02, 11, 12, 22. */
  jj: Float64Array;
}

/** Of two images that have no detail in common, or do not overlap: undefined. */
export function alignImages(from: GrayFrame, to: GrayFrame, { iterations, epsilon }: AlignOptions): Warp | undefined {
  const slopes = gradients(to);
  const warp = { angle: 0, x: 0, y: 0 };
  let correlation = -1;
  let last = -epsilon;
  for (let i = 0; i < iterations && Math.abs(correlation - last) >= epsilon; i++) {
    const sums = correlate(from, to, slopes, warp);
    const { count, tt, vv, tv } = sums;
    const [meanT, meanV] = [sums.t / count, sums.v / count];
    const [normT, normV] = [tt - count * meanT ** 2, vv - count * meanV ** 2];
    const product = tv - count * meanT * meanV;
    [last, correlation] = [correlation, product / Math.sqrt(normT * normV)];
    if (!Number.isFinite(correlation)) return undefined;
    const onT = sums.jt.map((v, k) => v - meanT * sums.j[k]);
    const onV = sums.jv.map((v, k) => v - meanV * sums.j[k]);
    const inverse = inverseOf(sums.jj);
    if (!inverse) return undefined;
    const solved = times(inverse, onV);
    const below = product - dot(onT, solved);
    if (!(below > 0)) return undefined;
    const gain = (normV - dot(onV, solved)) / below;
    const [angle, x, y] = times(
      inverse,
      onT.map((v, k) => gain * v - onV[k]),
    );
    warp.angle += angle;
    warp.x += x;
    warp.y += y;
  }
  return warp;
}

/** Central differences; none at the border across it. */
function gradients({ data, width, height }: GrayFrame): { x: Float32Array; y: Float32Array } {
  const [x, y] = [new Float32Array(data.length), new Float32Array(data.length)];
  for (let row = 0, i = 0; row < height; row++)
    for (let column = 0; column < width; column++, i++) {
      if (column > 0 && column < width - 1) x[i] = (data[i + 1] - data[i - 1]) / 2;
      if (row > 0 && row < height - 1) y[i] = (data[i + width] - data[i - width]) / 2;
    }
  return { x, y };
}

function correlate(
  from: GrayFrame,
  to: GrayFrame,
  slopes: { x: Float32Array; y: Float32Array },
  { angle, x: shiftX, y: shiftY }: Warp,
): Sums {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const { width, data } = to;
  const [lastX, lastY] = [width - 1, to.height - 1];
  const [j, jt, jv, jj] = [3, 3, 3, 6].map((n) => new Float64Array(n));
  let [count, t, v, tt, vv, tv] = [0, 0, 0, 0, 0, 0];
  for (let row = 0, at = 0; row < from.height; row++)
    for (let column = 0; column < from.width; column++, at++) {
      const x = cos * column - sin * row + shiftX;
      const y = sin * column + cos * row + shiftY;
      if (!(x >= 0 && y >= 0 && x <= lastX && y <= lastY)) continue;
      const [left, top] = [x < lastX ? Math.floor(x) : lastX - 1, y < lastY ? Math.floor(y) : lastY - 1];
      const [dx, dy] = [x - left, y - top];
      const [a, b, c, d] = [(1 - dx) * (1 - dy), dx * (1 - dy), (1 - dx) * dy, dx * dy];
      const k = top * width + left;
      const m = k + width;
      const value = a * data[k] + b * data[k + 1] + c * data[m] + d * data[m + 1];
      const gx = a * slopes.x[k] + b * slopes.x[k + 1] + c * slopes.x[m] + d * slopes.x[m + 1];
      const gy = a * slopes.y[k] + b * slopes.y[k + 1] + c * slopes.y[m] + d * slopes.y[m + 1];
      const turn = gy * (cos * column - sin * row) - gx * (sin * column + cos * row);
      const given = from.data[at];
      count++;
      t += given;
      v += value;
      tt += given * given;
      vv += value * value;
      tv += given * value;
      j[0] += turn;
      j[1] += gx;
      j[2] += gy;
      jt[0] += turn * given;
      jt[1] += gx * given;
      jt[2] += gy * given;
      jv[0] += turn * value;
      jv[1] += gx * value;
      jv[2] += gy * value;
      jj[0] += turn * turn;
      jj[1] += turn * gx;
      jj[2] += turn * gy;
      jj[3] += gx * gx;
      jj[4] += gx * gy;
      jj[5] += gy * gy;
    }
  return { count, t, v, tt, vv, tv, j, jt, jv, jj };
}

/** Of a symmetric 3 x 3 matrix, by its cofactors; undefined where it has none. */
function inverseOf([a, b, c, d, e, f]: Float64Array): Float64Array | undefined {
  const cofactors = [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b];
  const determinant = a * cofactors[0] + b * cofactors[1] + c * cofactors[2];
  return determinant > 0 ? Float64Array.from(cofactors, (v) => v / determinant) : undefined;
}

const times = ([a, b, c, d, e, f]: Float64Array, [x, y, z]: Float64Array): Float64Array =>
  Float64Array.of(a * x + b * y + c * z, b * x + d * y + e * z, c * x + e * y + f * z);

const dot = (a: Float64Array, b: Float64Array): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
