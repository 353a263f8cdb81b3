// Random affine transform of YOLOX and YOLOv5: scale, then rotate, shear and translate, as 3 x 3 matrices in single
// precision.

import type { Random } from '../../random';

const f = Math.fround;

/** 3 x 3, row-major. */
export type Matrix = Float32Array;

export interface AffineBounds {
  max_rotate_degree: number;
  max_translate_ratio: number;
  scaling_ratio_range: readonly [number, number];
  max_shear_degree: number;
}

/** Rotation and shears in degrees, scale factor, translation in pixels. */
export interface AffineDraw {
  rotation: number;
  scale: number;
  shear: readonly [number, number];
  translation: readonly [number, number];
}

/** @param center mean translation as a fraction of the output's sides: 0 in YOLOX, 0.5 in YOLOv5 */
export function drawAffine(o: AffineBounds, width: number, height: number, center: number, random: Random): AffineDraw {
  const within = (max: number) => random.uniform(-max, max);
  return {
    rotation: within(o.max_rotate_degree),
    scale: random.uniform(...o.scaling_ratio_range),
    shear: [within(o.max_shear_degree), within(o.max_shear_degree)],
    translation: [(center + within(o.max_translate_ratio)) * width, (center + within(o.max_translate_ratio)) * height],
  };
}

export function affineMatrix({ rotation, scale, shear, translation }: AffineDraw): Matrix {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const [sin, cos] = [Math.sin(radians(rotation)), Math.cos(radians(rotation))];
  const translated = matrix3(1, 0, translation[0], 0, 1, translation[1]);
  const sheared = matrix3(1, Math.tan(radians(shear[0])), 0, Math.tan(radians(shear[1])), 1, 0);
  const rotated = matrix3(cos, -sin, 0, sin, cos, 0);
  return multiply(multiply(multiply(translated, sheared), rotated), matrix3(scale, 0, 0, 0, scale, 0));
}

/** `matrix` after a translation by (x, y). */
export const translateFirst = (matrix: Matrix, x: number, y: number): Matrix =>
  multiply(matrix, matrix3(1, 0, x, 0, 1, y));

function matrix3(...rows: [number, number, number, number, number, number]): Matrix {
  return Float32Array.of(...rows, 0, 0, 1);
}

export function multiply(a: Matrix, b: Matrix): Matrix {
  return Float32Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [i - (i % 3), i % 3];
    return f(f(f(a[row] * b[column]) + f(a[row + 1] * b[column + 3])) + f(a[row + 2] * b[column + 6]));
  });
}

/** The image of point (x, y) under `m`. */
export function project(m: Matrix, x: number, y: number): [number, number] {
  const dot = (row: number) => f(f(f(m[row] * x) + f(m[row + 1] * y)) + m[row + 2]);
  const w = dot(6);
  return [f(dot(0) / w), f(dot(3) / w)];
}

/** The axis-aligned boxes around the projected corners. */
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
