// Warps 8-bit images by a 3 x 3 matrix with the arithmetic of cv2.warpPerspective(INTER_LINEAR): coordinates in steps of
// 1/32 pixel, weights in 15-bit fixed point, constant border. Equal to OpenCV 4 pixel by pixel (golden: mixing).

import { roundHalfEven } from '../../geometry/round-half-even';
import type { PixelImage } from '../types';
import { pixelKernels } from './native';
import { takePixels } from './pixel-pool';
import { type RowMap, STEPS, warpRows } from './warp-rows';

const BLOCK = 32;

/**
 * @param matrix from image to output coordinates, row-major; used in double precision
 * @param colour outside `image`, in its channel order
 */
export function warpPerspective(
  image: PixelImage,
  matrix: ArrayLike<number>,
  width: number,
  height: number,
  colour: readonly number[],
): PixelImage {
  const kernels = pixelKernels();
  if (!kernels) return warpRows(image, perspectiveRows(matrix, width, height), width, height, colour);
  const out = takePixels(width * height * 3);
  const { data, width: w, height: h, order } = image;
  kernels.warpPerspective(data, w, h, inverse(matrix), Uint8Array.from(colour), out, width, height);
  return { data: out, width, height, order };
}

/** The source coordinates of an output of `width` x `height`. */
export function perspectiveRows(matrix: ArrayLike<number>, width: number, height: number): RowMap {
  const m = inverse(matrix);
  // OpenCV restarts its sums with each block of columns
  const blockHeight = Math.min(BLOCK / 2, height);
  const block = Math.min(Math.floor((BLOCK * BLOCK) / blockHeight), width);
  return (y, fx, fy) => {
    for (let left = 0; left < width; left += block) {
      const x0 = m[0] * left + m[1] * y + m[2];
      const y0 = m[3] * left + m[4] * y + m[5];
      const w0 = m[6] * left + m[7] * y + m[8];
      const end = Math.min(left + block, width);
      for (let x = left; x < end; x++) {
        const w = w0 + m[6] * (x - left);
        const scale = w === 0 ? 0 : STEPS / w;
        fx[x] = roundHalfEven((x0 + m[0] * (x - left)) * scale);
        fy[x] = roundHalfEven((y0 + m[3] * (x - left)) * scale);
      }
    }
  };
}

/** Inverse as cofactors over the determinant, in OpenCV's order of operations. */
function inverse(m: ArrayLike<number>): Float64Array {
  const d =
    m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) + m[2] * (m[3] * m[7] - m[4] * m[6]);
  const s = d === 0 ? 0 : 1 / d;
  return Float64Array.of(
    (m[4] * m[8] - m[5] * m[7]) * s,
    (m[2] * m[7] - m[1] * m[8]) * s,
    (m[1] * m[5] - m[2] * m[4]) * s,
    (m[5] * m[6] - m[3] * m[8]) * s,
    (m[0] * m[8] - m[2] * m[6]) * s,
    (m[2] * m[3] - m[0] * m[5]) * s,
    (m[3] * m[7] - m[4] * m[6]) * s,
    (m[1] * m[6] - m[0] * m[7]) * s,
    (m[0] * m[4] - m[1] * m[3]) * s,
  );
}
