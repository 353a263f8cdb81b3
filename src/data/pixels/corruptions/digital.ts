// Brightness, contrast, saturation, elastic deformation and pixels (Hendrycks and Dietterich, ICLR 2019).

import { clamp01, type FloatImage, mapValues, withValues } from './float-image';
import { gaussianPlane } from './gaussian';

const BRIGHTNESS = [0.1, 0.2, 0.3, 0.4, 0.5];
const CONTRAST = [0.4, 0.3, 0.2, 0.1, 0.05];
const SATURATE = [
  [0.3, 0],
  [0.1, 0],
  [2, 0],
  [5, 0.1],
  [20, 0.2],
];
const ELASTIC = [0.05, 0.065, 0.085, 0.1, 0.12];
const PIXELATE = [0.6, 0.5, 0.4, 0.3, 0.25];

export const brightness = (image: FloatImage, severity: number): FloatImage =>
  throughHsv(image, (hsv) => {
    hsv[2] = clamp01(hsv[2] + BRIGHTNESS[severity - 1]);
  });

export function saturate(image: FloatImage, severity: number): FloatImage {
  const [factor, shift] = SATURATE[severity - 1];
  return throughHsv(image, (hsv) => {
    hsv[1] = clamp01(hsv[1] * factor + shift);
  });
}

export function contrast(image: FloatImage, severity: number): FloatImage {
  const { data } = image;
  const means = [0, 0, 0];
  for (let i = 0; i < data.length; i++) means[i % 3] += data[i];
  const mean = means.map((sum) => (3 * sum) / data.length);
  return mapValues(image, (value, i) => (value - mean[i % 3]) * CONTRAST[severity - 1] + mean[i % 3]);
}

/** Hue, saturation and value as scikit-image's rgb2hsv and hsv2rgb have them, all from 0 to 1. */
function throughHsv(image: FloatImage, change: (hsv: [number, number, number]) => void): FloatImage {
  const out = new Float64Array(image.data.length);
  for (let i = 0; i < out.length; i += 3) {
    const [r, g, b] = image.data.subarray(i, i + 3);
    const value = Math.max(r, g, b);
    const delta = value - Math.min(r, g, b);
    let hue = 0;
    if (delta > 0) {
      // of equal channels the last
      if (b === value) hue = 4 + (r - g) / delta;
      else if (g === value) hue = 2 + (b - r) / delta;
      else hue = (g - b) / delta;
      hue = (((hue / 6) % 1) + 1) % 1;
    }
    const hsv: [number, number, number] = [hue, delta === 0 ? 0 : delta / value, value];
    change(hsv);
    const [h, s, v] = hsv;
    const sector = Math.floor(h * 6);
    const f = h * 6 - sector;
    const [p, q, t] = [v * (1 - s), v * (1 - f * s), v * (1 - (1 - f) * s)];
    const rgb = [
      [v, t, p],
      [q, v, p],
      [p, v, t],
      [p, q, v],
      [t, p, v],
      [v, p, q],
    ][sector % 6];
    for (let c = 0; c < 3; c++) out[i + c] = clamp01(rgb[c]);
  }
  return withValues(image, out);
}

/** @param draw uniform deviates between -limit and limit: all of x, then all of y */
export function elasticTransform(image: FloatImage, severity: number, draw: (limit: number) => number): FloatImage {
  const { data, height, width } = image;
  const alpha = 250 * ELASTIC[severity - 1];
  const sigma = [height * 0.01, width * 0.01] as const;
  const shifts = [0, 1].map(() => {
    const plane = Float64Array.from({ length: height * width }, () => draw(height * 0.005));
    const smooth = gaussianPlane(plane, height, width, sigma, { truncate: 3, mode: 'reflect' });
    return smooth.map((value) => Math.fround(value * alpha));
  });
  const out = new Float64Array(data.length);
  const reflected = (i: number, size: number): number => {
    let at = i;
    while (at < 0 || at >= size) at = at < 0 ? -at - 1 : 2 * size - 1 - at;
    return at;
  };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const [sy, sx] = [y + shifts[1][i], x + shifts[0][i]];
      const [y0, x0] = [Math.floor(sy), Math.floor(sx)];
      const [fy, fx] = [sy - y0, sx - x0];
      for (let c = 0; c < 3; c++) {
        const at = (yy: number, xx: number) => data[3 * (reflected(yy, height) * width + reflected(xx, width)) + c];
        out[3 * i + c] =
          at(y0, x0) * (1 - fy) * (1 - fx) +
          at(y0, x0 + 1) * (1 - fy) * fx +
          at(y0 + 1, x0) * fy * (1 - fx) +
          at(y0 + 1, x0 + 1) * fy * fx;
      }
    }
  return mapValues(withValues(image, out), (value) => value);
}

/** Means of boxes (Pillow's BOX filter, in 8 bits), magnified without interpolation. */
export function pixelate(image: FloatImage, severity: number): FloatImage {
  const { data, height, width } = image;
  const [h, w] = [height, width].map((side) => Math.max(1, Math.trunc(side * PIXELATE[severity - 1])));
  const rows = boxMeans(
    data.map((value) => Math.round(value * 255)),
    { lines: height, from: width, to: w, step: 3, next: 3 * width, outNext: 3 * w },
  );
  const small = boxMeans(rows, { lines: w, from: height, to: h, step: 3 * w, next: 3, outNext: 3 });
  const [ys, xs] = [nearestPlaces(h, height), nearestPlaces(w, width)];
  return mapValues(image, (_, i) => {
    const pixel = Math.floor(i / 3);
    return small[3 * (ys[Math.floor(pixel / width)] * w + xs[pixel % width]) + (i % 3)] / 255;
  });
}

/** The nearest pixel of each, by Pillow's running sum of a step. */
function nearestPlaces(from: number, to: number): Int32Array {
  const step = from / to;
  let at = step * 0.5;
  return Int32Array.from({ length: to }, () => {
    const place = Math.min(Math.floor(at), from - 1);
    at += step;
    return place;
  });
}

interface BoxAxis {
  lines: number;
  from: number;
  to: number;
  /** Distances of pixels in a line, and of lines in the source and in the result. */
  step: number;
  next: number;
  outNext: number;
}

/** Pillow's reduction along an axis: weights in 22 bits, rounded to 8. */
function boxMeans(source: Float64Array, { lines, from, to, step, next, outNext }: BoxAxis): Float64Array {
  const scale = from / to;
  const out = new Float64Array(lines * to * 3);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - 0.5 * scale + 0.5));
    const last = Math.min(from, Math.trunc(centre + 0.5 * scale + 0.5));
    const inBox = Array.from({ length: last - first }, (_, k) => {
      const place = (k + first - centre + 0.5) / scale;
      return place > -0.5 && place <= 0.5 ? 1 : 0;
    });
    const sum = inBox.reduce((a: number, b) => a + b, 0);
    const weights = inBox.map((weight) => Math.floor((weight / sum) * 2 ** 22 + 0.5));
    for (let line = 0; line < lines; line++)
      for (let c = 0; c < 3; c++) {
        const total = weights.reduce(
          (all, weight, k) => all + weight * source[line * next + (first + k) * step + c],
          2 ** 21,
        );
        out[line * outNext + i * step + c] = Math.min(255, Math.max(0, Math.floor(total / 2 ** 22)));
      }
  }
  return out;
}
