// Where the pixels of a sample have gone, as MMDetection's `homography_matrix` says it: a 3 x 3 matrix, row by row, in single precision.
// There steps that do not record their move leave the matrix as it was; here it is then unknown.

import { type Matrix, multiply, projectBoxes } from './pixels/affine-matrix';
import type { ImageMeta } from './types';

export const IDENTITY: Matrix = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

/** @param rows the first two rows of the map that a step has applied; absent where there is no single one */
export function recordMove(meta: ImageMeta, rows?: readonly number[]): void {
  const { homography: before = IDENTITY } = meta;
  meta.homography = rows && before ? multiply(Float32Array.of(...rows, 0, 0, 1), before) : null;
}

/** The map back. */
export function inverted(m: Matrix): Matrix {
  const minor = (r: number, c: number) => {
    const [a, b] = [0, 1, 2].filter((row) => row !== r);
    const [p, q] = [0, 1, 2].filter((column) => column !== c);
    return (m[3 * a + p] * m[3 * b + q] - m[3 * a + q] * m[3 * b + p]) * ((r + c) % 2 === 0 ? 1 : -1);
  };
  const determinant = m[0] * minor(0, 0) + m[1] * minor(0, 1) + m[2] * minor(0, 2);
  return Float32Array.from({ length: 9 }, (_, i) => minor(i % 3, Math.floor(i / 3)) / determinant);
}

/** The boxes around what a map makes of boxes (flat xyxy), cut at the border of an image of size [height, width]. */
export function projectInto(boxes: Float32Array, m: Matrix, [height, width]: readonly [number, number]): Float32Array {
  return projectBoxes(m, boxes).map((v, i) => Math.min(Math.max(v, 0), i % 2 === 0 ? width : height));
}
