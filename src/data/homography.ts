// Where the pixels of a sample have gone, as MMDetection's `homography_matrix` says it: a 3 x 3 matrix, row by row, in single precision.
// There steps that do not record their move leave the matrix as it was; here it is then unknown.

import { type Matrix, multiply } from '../geometry/projective-map';
import type { ImageMeta } from './types';

export const IDENTITY: Matrix = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

/** @param rows the first two rows of the map that a step has applied; absent where there is no single one */
export function recordMove(meta: ImageMeta, rows?: readonly number[]): void {
  const { homography: before = IDENTITY } = meta;
  meta.homography = rows && before ? multiply(Float32Array.of(...rows, 0, 0, 1), before) : null;
}
