// The random affine map of YOLOX and YOLOv5: scale, then rotate, shear and move, as 3 x 3 matrices in single precision.

import type { Random } from '../../random';

const f = Math.fround;

/** Row by row. */
export type Matrix = Float32Array;

export interface AffineBounds {
  max_rotate_degree: number;
  max_translate_ratio: number;
  scaling_ratio_range: readonly [number, number];
  max_shear_degree: number;
}

/** Degrees of rotation and of both shears, the factor, and the move in pixels. */
export interface AffineDraw {
  rotation: number;
  scale: number;
  shear: readonly [number, number];
  move: readonly [number, number];
}

/** @param middle share of the outcome's sides that moves are counted from: 0 in YOLOX, one half in YOLOv5 */
export function drawAffine(o: AffineBounds, width: number, height: number, middle: number, random: Random): AffineDraw {
  const within = (most: number) => random.uniform(-most, most);
  return {
    rotation: within(o.max_rotate_degree),
    scale: random.uniform(...o.scaling_ratio_range),
    shear: [within(o.max_shear_degree), within(o.max_shear_degree)],
    move: [(middle + within(o.max_translate_ratio)) * width, (middle + within(o.max_translate_ratio)) * height],
  };
}

export function affineMatrix({ rotation, scale, shear, move }: AffineDraw): Matrix {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const [sin, cos] = [Math.sin(radians(rotation)), Math.cos(radians(rotation))];
  const moved = matrix3(1, 0, move[0], 0, 1, move[1]);
  const sheared = matrix3(1, Math.tan(radians(shear[0])), 0, Math.tan(radians(shear[1])), 1, 0);
  const rotated = matrix3(cos, -sin, 0, sin, cos, 0);
  return times(times(times(moved, sheared), rotated), matrix3(scale, 0, 0, 0, scale, 0));
}

/** Moves by (x, y) before all else. */
export const movedFirst = (matrix: Matrix, x: number, y: number): Matrix => times(matrix, matrix3(1, 0, x, 0, 1, y));

function matrix3(...rows: [number, number, number, number, number, number]): Matrix {
  return Float32Array.of(...rows, 0, 0, 1);
}

function times(a: Matrix, b: Matrix): Matrix {
  return Float32Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [i - (i % 3), i % 3];
    return f(f(f(a[row] * b[column]) + f(a[row + 1] * b[column + 3])) + f(a[row + 2] * b[column + 6]));
  });
}

/** Where a place comes to lie. */
export function project(m: Matrix, x: number, y: number): [number, number] {
  const part = (row: number) => f(f(f(m[row] * x) + f(m[row + 1] * y)) + m[row + 2]);
  const w = part(6);
  return [f(part(0) / w), f(part(3) / w)];
}

/** The upright boxes around the boxes' corners. */
export function projectBoxes(m: Matrix, boxes: Float32Array): Float32Array {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    const [x1, y1, x2, y2] = boxes.subarray(i, i + 4);
    const corners = [project(m, x1, y1), project(m, x2, y1), project(m, x1, y2), project(m, x2, y2)];
    const xs = corners.map(([x]) => x);
    const ys = corners.map(([, y]) => y);
    out.set([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], i);
  }
  return out;
}
