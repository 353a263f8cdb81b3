// Warps 8-bit images by a 3 x 3 matrix with the arithmetic of cv2.warpPerspective(INTER_LINEAR): coordinates in steps of
// 1/32 pixel, weights in 15-bit fixed point, constant border. Equal to OpenCV 4 pixel by pixel (golden: mixing).

import { roundHalfEven } from '../../geometry/round-half-even';
import type { PixelImage } from '../types';
import { pixelKernels } from './native';
import { takePixels } from './pixel-pool';

/** Coordinate steps per pixel. */
const STEPS = 32;
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
  const m = inverse(matrix);
  const { data } = image;
  const stride = image.width * 3;
  const [insideX, insideY] = [(image.width - 1) * STEPS, (image.height - 1) * STEPS];
  const out = takePixels(width * height * 3);
  const kernels = pixelKernels();
  if (kernels) {
    kernels.warpPerspective(data, image.width, image.height, m, Uint8Array.from(colour), out, width, height);
    return { data: out, width, height, order: image.order };
  }
  // OpenCV restarts its sums with each block of columns
  const blockHeight = Math.min(BLOCK / 2, height);
  const block = Math.min(Math.floor((BLOCK * BLOCK) / blockHeight), width);
  for (let y = 0; y < height; y++)
    for (let left = 0; left < width; left += block) {
      const x0 = m[0] * left + m[1] * y + m[2];
      const y0 = m[3] * left + m[4] * y + m[5];
      const w0 = m[6] * left + m[7] * y + m[8];
      const end = Math.min(left + block, width);
      for (let x = left; x < end; x++) {
        const w = w0 + m[6] * (x - left);
        const scale = w === 0 ? 0 : STEPS / w;
        const fx = roundHalfEven((x0 + m[0] * (x - left)) * scale);
        const fy = roundHalfEven((y0 + m[3] * (x - left)) * scale);
        const o = (y * width + x) * 3;
        // inside, where all four neighbours are pixels
        if (fx >= 0 && fy >= 0 && fx < insideX && fy < insideY) {
          const p = ((fy >> 5) * image.width + (fx >> 5)) * 3;
          const q = p + stride;
          const ax = fx & 31;
          const ay = fy & 31;
          for (let c = 0; c < 3; c++) {
            const upper = data[p + c] * (STEPS - ax) + data[p + c + 3] * ax;
            const lower = data[q + c] * (STEPS - ax) + data[q + c + 3] * ax;
            // weights sum to 2^10: OpenCV's 2^15 without their common factor
            out[o + c] = (upper * (STEPS - ay) + lower * ay + 512) >> 10;
          }
        } else blendAtBorder(image, fx, fy, colour, out, o);
      }
    }
  return { data: out, width, height, order: image.order };
}

/** Writes the bilinear interpolation at (fx, fy) / 32, with the colour where there is no pixel. */
function blendAtBorder(
  { data, width, height }: PixelImage,
  fx: number,
  fy: number,
  colour: readonly number[],
  out: Uint8Array,
  o: number,
): void {
  const x = Math.floor(fx / STEPS);
  const y = Math.floor(fy / STEPS);
  if (x < -1 || y < -1 || x >= width || y >= height) {
    out[o] = colour[0];
    out[o + 1] = colour[1];
    out[o + 2] = colour[2];
    return;
  }
  const ax = fx - x * STEPS;
  const ay = fy - y * STEPS;
  const w00 = (STEPS - ax) * (STEPS - ay);
  const w01 = ax * (STEPS - ay);
  const w10 = (STEPS - ax) * ay;
  const w11 = ax * ay;
  const at = (px: number, py: number, c: number) =>
    px < 0 || py < 0 || px >= width || py >= height ? colour[c] : data[(py * width + px) * 3 + c];
  for (let c = 0; c < 3; c++)
    out[o + c] =
      (at(x, y, c) * w00 + at(x + 1, y, c) * w01 + at(x, y + 1, c) * w10 + at(x + 1, y + 1, c) * w11 + 512) >> 10;
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
