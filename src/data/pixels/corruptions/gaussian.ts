// SciPy's gaussian_filter in float64, as scikit-image's `gaussian` uses it: truncated at four (or `truncate`) standard deviations,
// borders repeated or reflected.

import type { FloatImage } from './float-image';
import { withValues } from './float-image';

export interface GaussianOptions {
  truncate?: number;
  /** Beyond the border: the last pixel, or the image reflected about its edge (d c b a | a b c d). Default 'nearest'. */
  mode?: 'nearest' | 'reflect';
  /** Round to single precision after each axis, as of planes in it. */
  single?: boolean;
}

/** A plane [height, width] filtered along both axes, rows first, as SciPy's. @param sigma of y and of x */
export function gaussianPlane(
  plane: Float64Array,
  height: number,
  width: number,
  sigma: readonly [number, number],
  { truncate = 4, mode = 'nearest', single = false }: GaussianOptions = {},
): Float64Array {
  const rounded = (values: Float64Array) => (single ? values.map(Math.fround) : values);
  const down = rounded(
    alongAxis(plane, { lines: width, length: height, step: width, next: 1 }, kernelOf(sigma[0], truncate), mode),
  );
  const across = { lines: height, length: width, step: 1, next: width };
  return rounded(alongAxis(down, across, kernelOf(sigma[1], truncate), mode));
}

export function gaussianImage(image: FloatImage, sigma: number): FloatImage {
  const { data, height, width } = image;
  const out = new Float64Array(data.length);
  for (let c = 0; c < 3; c++) {
    const plane = Float64Array.from({ length: height * width }, (_, i) => data[3 * i + c]);
    gaussianPlane(plane, height, width, [sigma, sigma]).forEach((value, i) => {
      out[3 * i + c] = value;
    });
  }
  return withValues(image, out);
}

function kernelOf(sigma: number, truncate: number): Float64Array {
  const radius = Math.floor(truncate * sigma + 0.5);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp((-0.5 / (sigma * sigma)) * (i - radius) ** 2),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

interface Axis {
  lines: number;
  length: number;
  /** Distance of neighbours in a line, and of lines. */
  step: number;
  next: number;
}

function alongAxis(
  plane: Float64Array,
  { lines, length, step, next }: Axis,
  kernel: Float64Array,
  mode: GaussianOptions['mode'],
) {
  const radius = kernel.length >> 1;
  const out = new Float64Array(plane.length);
  const inside = (i: number): number => {
    if (mode === 'nearest') return Math.min(Math.max(i, 0), length - 1);
    let at = i;
    while (at < 0 || at >= length) at = at < 0 ? -at - 1 : 2 * length - 1 - at;
    return at;
  };
  for (let line = 0; line < lines; line++)
    for (let i = 0; i < length; i++) {
      // the centre, then pairs from the outside in, as SciPy sums symmetric kernels
      let sum = plane[line * next + i * step] * kernel[radius];
      for (let k = radius; k > 0; k--)
        sum +=
          (plane[line * next + inside(i - k) * step] + plane[line * next + inside(i + k) * step]) * kernel[radius - k];
      out[line * next + i * step] = sum;
    }
  return out;
}
