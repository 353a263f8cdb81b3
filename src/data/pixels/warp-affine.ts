// Warps 8-bit images by a 2 x 3 matrix with the arithmetic of cv2.warpAffine(INTER_LINEAR) up to OpenCV 4.10: coordinates as
// sums of two numbers in 10-bit fixed point.

import { roundHalfEven } from '../../geometry/round-half-even';
import type { PixelImage } from '../types';
import { type Border, type RowMap, warpRows } from './warp-rows';

const SCALE = 1024;
/** Half a step of 1/32 pixel, and half a pixel. */
const [HALF_STEP, HALF_PIXEL] = [16, 512];

/**
 * The image under an affine map, in its size.
 *
 * @param matrix from image to output coordinates: the first two rows, row-major
 */
export function warpAffine(image: PixelImage, matrix: ArrayLike<number>, border: Border): PixelImage {
  return warpRows(image, affineRows(matrix, image.width), image.width, image.height, border);
}

/**
 * The source coordinates of an output of `width` columns.
 *
 * @param nearest whole pixels, as for INTER_NEAREST
 */
export function affineRows(matrix: ArrayLike<number>, width: number, nearest = false): RowMap {
  const m = inverseAffine(matrix);
  const alongX = Int32Array.from({ length: width }, (_, x) => roundHalfEven(m[0] * x * SCALE));
  const alongY = Int32Array.from({ length: width }, (_, x) => roundHalfEven(m[3] * x * SCALE));
  const [half, shift] = nearest ? [HALF_PIXEL, 10] : [HALF_STEP, 5];
  return (y, fx, fy) => {
    const x0 = roundHalfEven((m[1] * y + m[2]) * SCALE) + half;
    const y0 = roundHalfEven((m[4] * y + m[5]) * SCALE) + half;
    for (let x = 0; x < width; x++) {
      fx[x] = (x0 + alongX[x]) >> shift;
      fy[x] = (y0 + alongY[x]) >> shift;
    }
  };
}

/** In OpenCV's order of operations. */
function inverseAffine(m: ArrayLike<number>): number[] {
  const determinant = m[0] * m[4] - m[1] * m[3];
  const d = determinant === 0 ? 0 : 1 / determinant;
  const [a, b, c, e] = [m[4] * d, m[1] * -d, m[3] * -d, m[0] * d];
  return [a, b, -a * m[2] - b * m[5], c, e, -c * m[2] - e * m[5]];
}

/**
 * cv2.getRotationMatrix2D: counterclockwise by `degrees` about [x, y], the first two rows.
 */
export function rotationAbout([x, y]: readonly [number, number], degrees: number, scale = 1): number[] {
  const radians = (degrees * Math.PI) / 180;
  const [alpha, beta] = [Math.cos(radians) * scale, Math.sin(radians) * scale];
  return [alpha, beta, (1 - alpha) * x - beta * y, -beta, alpha, beta * x + (1 - alpha) * y];
}
