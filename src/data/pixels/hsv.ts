// HSV colours with the arithmetic of cv2.cvtColor: 8 bits in fixed point (hue in steps of two degrees, 0 to 179), and floats
// (hue in degrees). Planes of h, s and v; `order` is the channel order of the pixels.

import { roundHalfEven } from '../../geometry/round-half-even';
import type { PixelImage, Pixels } from '../types';
import { pixelKernels } from './native';
import { takePixels } from './pixel-pool';

const f = Math.fround;
const SHIFT = 12;
const HALF = 1 << (SHIFT - 1);
/** OpenCV's tables of 255 / v and 30 / difference in 12-bit fixed point. */
const quotients = (numerator: number) =>
  Int32Array.from({ length: 256 }, (_, i) => (i === 0 ? 0 : roundHalfEven((numerator * 2 ** SHIFT) / i)));
const BY_VALUE = quotients(255);
const BY_DIFFERENCE = quotients(30);

export interface HsvPlanes<P extends Pixels = Uint8Array> {
  h: P;
  s: P;
  v: P;
}

export function toHsvBytes({ data, width, height, order }: PixelImage): HsvPlanes {
  const n = data.length / 3;
  const [h, s, v] = [new Uint8Array(n), new Uint8Array(n), new Uint8Array(n)];
  const blue = order === 'bgr' ? 0 : 2;
  const kernels = pixelKernels();
  if (kernels) {
    kernels.toHsv(data, width, height, blue, h, s, v);
    return { h, s, v };
  }
  for (let i = 0, p = 0; i < n; i++, p += 3) {
    const b = data[p + blue];
    const g = data[p + 1];
    const r = data[p + 2 - blue];
    const top = Math.max(b, g, r);
    const d = top - Math.min(b, g, r);
    const turn = top === r ? g - b : top === g ? b - r + 2 * d : r - g + 4 * d;
    const hue = (turn * BY_DIFFERENCE[d] + HALF) >> SHIFT;
    h[i] = hue < 0 ? hue + 180 : hue;
    s[i] = (d * BY_VALUE[top] + HALF) >> SHIFT;
    v[i] = top;
  }
  return { h, s, v };
}

/** Indices into v, v(1-s), v(1-sh), v(1-s(1-h)) of blue, green and red in each sixth of the hue circle. */
const SECTORS = [
  [1, 3, 0],
  [1, 0, 2],
  [3, 0, 1],
  [0, 2, 1],
  [0, 1, 3],
  [2, 1, 0],
];

/**
 * Back to pixels in `order`. OpenCV's vector code truncates the products; its scalar code, used for the last pixels of a
 * row whose width is not a multiple of 64 (with AVX-512; 32 with AVX2), rounds them, so that those may differ by one level.
 */
export function fromHsvBytes({ h, s, v }: HsvPlanes, { width, height, order }: Omit<PixelImage, 'data'>): PixelImage {
  const data = takePixels(h.length * 3);
  const blue = order === 'bgr' ? 0 : 2;
  const kernels = pixelKernels();
  if (kernels) {
    kernels.fromHsv(h, s, v, blue, data, width, height);
    return { data, width, height, order };
  }
  const scale = f(6 / 180);
  const share = f(1 / 255);
  const mixed = new Float32Array(4);
  for (let i = 0, p = 0; i < h.length; i++, p += 3) {
    const value = f(v[i] * share);
    const saturation = f(s[i] * share);
    const turn = f(h[i] * scale);
    const sector = Math.trunc(turn);
    const rest = f(turn - sector);
    mixed[0] = value;
    mixed[1] = value * f(1 - saturation);
    mixed[2] = value * f(1 - saturation * rest);
    mixed[3] = value * f(1 - saturation * f(1 - rest));
    const [b, g, r] = SECTORS[sector % 6];
    data[p + blue] = f(mixed[b] * 255);
    data[p + 1] = f(mixed[g] * 255);
    data[p + 2 - blue] = f(mixed[r] * 255);
  }
  return { data, width, height, order };
}

/** Every colour through HSV, h, s and v each looked up in its table of 256, and back. */
export function recolour(image: PixelImage, tables: HsvPlanes): PixelImage {
  const kernels = pixelKernels();
  if (kernels) {
    const { data, width, height, order } = image;
    const joined = new Uint8Array(768);
    for (const [i, table] of [tables.h, tables.s, tables.v].entries()) joined.set(table, 256 * i);
    const out = takePixels(data.length);
    kernels.recolour(data, width, height, order === 'bgr' ? 0 : 2, joined, out);
    return { data: out, width, height, order };
  }
  const planes = toHsvBytes(image);
  for (const plane of ['h', 's', 'v'] as const) {
    const [values, to] = [planes[plane], tables[plane]];
    for (let i = 0; i < values.length; i++) values[i] = to[values[i]];
  }
  return fromHsvBytes(planes, image);
}

const EPSILON = 2 ** -23;

export function toHsvFloats({ data, order }: PixelImage<Float32Array>): HsvPlanes<Float32Array> {
  const n = data.length / 3;
  const [h, s, v] = [new Float32Array(n), new Float32Array(n), new Float32Array(n)];
  const blue = order === 'bgr' ? 0 : 2;
  for (let i = 0, p = 0; i < n; i++, p += 3) {
    const b = data[p + blue];
    const g = data[p + 1];
    const r = data[p + 2 - blue];
    const top = Math.max(b, g, r);
    const d = f(top - Math.min(b, g, r));
    const degrees = f(60 / (d + EPSILON));
    let hue = top === r ? f(g - b) * degrees : top === g ? f(b - r) * degrees + 120 : f(r - g) * degrees + 240;
    if (hue < 0) hue += 360;
    h[i] = hue;
    s[i] = d / (Math.abs(top) + EPSILON);
    v[i] = top;
  }
  return { h, s, v };
}

export function fromHsvFloats(
  { h, s, v }: HsvPlanes<Float32Array>,
  { width, height, order }: Omit<PixelImage<Float32Array>, 'data'>,
): PixelImage<Float32Array> {
  const data = new Float32Array(h.length * 3);
  const blue = order === 'bgr' ? 0 : 2;
  const mixed = [0, 0, 0, 0];
  for (let i = 0, p = 0; i < h.length; i++, p += 3) {
    const turn = h[i] / 60;
    const floor = Math.floor(turn);
    const sector = ((floor % 6) + 6) % 6;
    const rest = turn - floor;
    mixed[0] = v[i];
    mixed[1] = v[i] * (1 - s[i]);
    mixed[2] = v[i] * (1 - s[i] * rest);
    mixed[3] = v[i] * (1 - s[i] * (1 - rest));
    const [b, g, r] = SECTORS[sector];
    data[p + blue] = mixed[b];
    data[p + 1] = mixed[g];
    data[p + 2 - blue] = mixed[r];
  }
  return { data, width, height, order };
}
