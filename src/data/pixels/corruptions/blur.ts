// Defocus, glass, motion, zoom and Gaussian blur (Hendrycks and Dietterich, ICLR 2019).

import type { Random } from '../../../random';
import { mirrored } from '../blur';
import { type FloatImage, mapValues, withValues } from './float-image';
import { gaussianImage } from './gaussian';

const DEFOCUS = [
  [3, 0.1],
  [4, 0.5],
  [6, 0.5],
  [8, 0.5],
  [10, 0.5],
];
const GLASS = [
  [0.7, 1, 2],
  [0.9, 2, 1],
  [1, 2, 3],
  [1.1, 3, 2],
  [1.5, 4, 2],
];
const MOTION = [
  [10, 3],
  [15, 5],
  [15, 8],
  [15, 12],
  [20, 15],
];
/** Ends (excluded) and steps of the zoom factors from 1. */
const ZOOM = [
  [1.11, 0.01],
  [1.16, 0.01],
  [1.21, 0.02],
  [1.26, 0.02],
  [1.31, 0.03],
];
const GAUSSIAN = [1, 2, 3, 4, 6];

export const gaussianBlur = (image: FloatImage, severity: number): FloatImage =>
  mapValues(gaussianImage(image, GAUSSIAN[severity - 1]), (value) => value);

/** A disk, softened by a Gaussian of 3 x 3 (radius up to 8) or 5 x 5 pixels. */
export function defocusBlur(image: FloatImage, severity: number): FloatImage {
  const [radius, softness] = DEFOCUS[severity - 1];
  const reach = Math.max(8, radius);
  const side = 2 * reach + 1;
  const disk = new Float32Array(side * side);
  let count = 0;
  for (let y = -reach; y <= reach; y++)
    for (let x = -reach; x <= reach; x++)
      if (x * x + y * y <= radius * radius) {
        disk[(y + reach) * side + x + reach] = 1;
        count++;
      }
  const soft = softened(
    disk.map((value) => value / count),
    side,
    radius <= 8 ? 3 : 5,
    softness,
  );
  const { data, height, width } = image;
  const out = new Float64Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let ky = 0; ky < side; ky++) {
        const row = mirrored(y + ky - reach, height) * width;
        for (let kx = 0; kx < side; kx++) {
          const weight = soft[ky * side + kx];
          if (weight === 0) continue;
          const from = 3 * (row + mirrored(x + kx - reach, width));
          const to = 3 * (y * width + x);
          for (let c = 0; c < 3; c++) out[to + c] += weight * data[from + c];
        }
      }
  return mapValues(withValues(image, out), (value) => value);
}

/** OpenCV's GaussianBlur of a square plane. */
function softened(plane: Float32Array, side: number, size: number, sigma: number): Float32Array {
  const radius = size >> 1;
  const weights = Array.from({ length: size }, (_, i) => Math.exp((-0.5 * (i - radius) ** 2) / sigma ** 2));
  const sum = weights.reduce((a, b) => a + b, 0);
  const kernel = weights.map((weight) => Math.fround(weight / sum));
  const along = (source: Float32Array, step: (i: number, k: number) => number) =>
    source.map((_, i) =>
      kernel.reduce((total, weight, k) => Math.fround(total + Math.fround(weight * source[step(i, k - radius)])), 0),
    );
  const rows = along(plane, (i, k) => i - (i % side) + mirrored((i % side) + k, side));
  return along(rows, (i, k) => mirrored(Math.floor(i / side) + k, side) * side + (i % side));
}

/** @param offsets of each swap, in the order of the reference, -d .. d - 1: along x, then along y */
export function glassBlur(image: FloatImage, severity: number, offset: (reach: number) => number): FloatImage {
  const [sigma, reach, rounds] = GLASS[severity - 1];
  const { height, width } = image;
  const data = gaussianImage(image, sigma).data.map((value) => Math.trunc(value * 255)); // 8 bits
  for (let round = 0; round < rounds; round++)
    for (let y = height - reach; y > reach; y--)
      for (let x = width - reach; x > reach; x--) {
        const [dx, dy] = [offset(reach), offset(reach)];
        if (y >= height || x >= width) continue;
        // the reference swaps views of the same array, so that both pixels become the second
        const [to, from] = [3 * (y * width + x), 3 * ((y + dy) * width + x + dx)];
        for (let c = 0; c < 3; c++) data[to + c] = data[from + c];
      }
  const blurred = gaussianImage(
    withValues(
      image,
      data.map((value) => value / 255),
    ),
    sigma,
  );
  return mapValues(blurred, (value) => value);
}

/** @param angle degrees, of the reference from -45 to 45 */
export function motionBlur(image: FloatImage, severity: number, angle: number): FloatImage {
  const [radius, sigma] = MOTION[severity - 1];
  return mapValues(movedImage(image, radius, sigma, angle), (value) => value);
}

/** The weighted mean of an image and of it moved along a line. */
function movedImage(image: FloatImage, radius: number, sigma: number, angle: number): FloatImage {
  const { data, height, width } = image;
  const count = 2 * radius + 1;
  const weights = Array.from(
    { length: count },
    (_, i) => Math.exp(-(i ** 2) / (2 * sigma ** 2)) / (Math.sqrt(2 * Math.PI) * sigma),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  const radians = (angle * Math.PI) / 180;
  const [py, px] = [count * Math.sin(radians), count * Math.cos(radians)];
  const length = Math.hypot(py, px);
  const out = new Float64Array(data.length);
  const clampTo = (i: number, size: number) => Math.min(Math.max(i, 0), size - 1);
  for (let i = 0; i < count; i++) {
    const dy = -Math.ceil((i * py) / length - 0.5);
    const dx = -Math.ceil((i * px) / length - 0.5);
    if (Math.abs(dy) >= height || Math.abs(dx) >= width) break;
    const weight = weights[i] / sum;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const from = 3 * (clampTo(y - dy, height) * width + clampTo(x - dx, width));
        const to = 3 * (y * width + x);
        for (let c = 0; c < 3; c++) out[to + c] += weight * data[from + c];
      }
  }
  return withValues(image, out);
}

export function zoomBlur(image: FloatImage, severity: number): FloatImage {
  const [end, step] = ZOOM[severity - 1];
  const { data, height, width } = image;
  const factors = Array.from({ length: Math.ceil((end - 1) / step) }, (_, i) => 1 + i * step);
  const sums = Float64Array.from(data);
  for (const factor of factors) {
    const zoomed = clippedZoom(image, factor);
    const [h, w] = [Math.min(height, zoomed.height), Math.min(width, zoomed.width)];
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let c = 0; c < 3; c++) sums[3 * (y * width + x) + c] += zoomed.data[3 * (y * zoomed.width + x) + c];
  }
  return mapValues(withValues(image, sums), (value) => value / (factors.length + 1));
}

/** The middle of an image, magnified by linear interpolation as SciPy's zoom does: corners on corners. */
export function clippedZoom(image: FloatImage, factor: number): FloatImage {
  const { data, height, width } = image;
  const [cropH, cropW] = [Math.ceil(height / factor), Math.ceil(width / factor)];
  const [top, left] = [Math.floor((height - cropH) / 2), Math.floor((width - cropW) / 2)];
  const [outH, outW] = [roundHalfToEven(cropH * factor), roundHalfToEven(cropW * factor)];
  const out = new Float64Array(outH * outW * 3);
  const stepOf = (from: number, to: number) => (to > 1 ? (from - 1) / (to - 1) : 0);
  const [stepY, stepX] = [stepOf(cropH, outH), stepOf(cropW, outW)];
  for (let y = 0; y < outH; y++) {
    const sy = stepY * y;
    if (sy > cropH - 1) continue; // by rounding: SciPy has 0 beyond the border
    const y0 = Math.min(Math.floor(sy), cropH - 1);
    const y1 = Math.min(y0 + 1, cropH - 1);
    for (let x = 0; x < outW; x++) {
      const sx = stepX * x;
      if (sx > cropW - 1) continue;
      const x0 = Math.min(Math.floor(sx), cropW - 1);
      const x1 = Math.min(x0 + 1, cropW - 1);
      const [fy, fx] = [sy - y0, sx - x0];
      for (let c = 0; c < 3; c++) {
        const at = (yy: number, xx: number) => data[3 * ((top + yy) * width + left + xx) + c];
        out[3 * (y * outW + x) + c] =
          at(y0, x0) * (1 - fy) * (1 - fx) +
          at(y0, x1) * (1 - fy) * fx +
          at(y1, x0) * fy * (1 - fx) +
          at(y1, x1) * fy * fx;
      }
    }
  }
  return { data: out, height: outH, width: outW };
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

export const integerOffsets =
  (random: Random) =>
  (reach: number): number =>
    random.integer(2 * reach) - reach;

/** The weighted mean of an image and of it moved along a line, which snow is drawn with too. */
export const streaked = movedImage;
