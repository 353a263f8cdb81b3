// CIE L*a*b* colours in 8 bits (L scaled to 255, a and b offset by 128), with D65 white and sRGB gamma. The conversion to Lab
// is OpenCV's fixed-point arithmetic; the conversion back is not, and may differ by one or two levels.

import { roundHalfEven } from '../../geometry/round-half-even';
import type { PixelImage } from '../types';

const TO_XYZ = [0.412453, 0.35758, 0.180423, 0.212671, 0.71516, 0.072169, 0.019334, 0.119193, 0.950227];
const TO_RGB = [3.240479, -1.53715, -0.498535, -0.969256, 1.875991, 0.041556, 0.055648, -0.204043, 1.057311];
const WHITE = [0.950456, 1, 1.088754];

/** Linear intensity of each level, in eighths of a level. */
const LIGHT = Int32Array.from({ length: 256 }, (_, i) => {
  const v = i / 255;
  return roundHalfEven(2040 * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
});
const WEIGHTS = Int32Array.from(TO_XYZ, (w, i) => roundHalfEven((4096 * w) / WHITE[Math.floor(i / 3)]));
/** Cube root (linear near zero) of eighths of a level, in 15-bit fixed point. */
const ROOTS = Int32Array.from({ length: 3072 }, (_, i) => {
  const t = i / 2040;
  return roundHalfEven(32768 * (t < 0.008856 ? 7.787 * t + 16 / 116 : Math.cbrt(t)));
});
const L_SCALE = 296;
const L_SHIFT = -Math.floor((16 * 255 * 32768 + 50) / 100);

const descale = (v: number, bits: number) => (v + (1 << (bits - 1))) >> bits;
const byte = (v: number) => Math.min(Math.max(v, 0), 255);

/** Planes of L, a and b. `first`: index of the channel read as red. */
export function toLab({ data }: PixelImage, first: 0 | 2): [Uint8Array, Uint8Array, Uint8Array] {
  const n = data.length / 3;
  const [l, a, b] = [new Uint8Array(n), new Uint8Array(n), new Uint8Array(n)];
  for (let i = 0, p = 0; i < n; i++, p += 3) {
    const [red, green, blue] = [LIGHT[data[p + first]], LIGHT[data[p + 1]], LIGHT[data[p + 2 - first]]];
    const root = (row: number) =>
      ROOTS[descale(WEIGHTS[row] * red + WEIGHTS[row + 1] * green + WEIGHTS[row + 2] * blue, 12)];
    const [x, y, z] = [root(0), root(3), root(6)];
    l[i] = byte(descale(L_SCALE * y + L_SHIFT, 15));
    a[i] = byte(descale(500 * (x - y) + 128 * 32768, 15));
    b[i] = byte(descale(200 * (y - z) + 128 * 32768, 15));
  }
  return [l, a, b];
}

const unroot = (t: number) => (t > 6 / 29 ? t ** 3 : (t - 16 / 116) / 7.787);
const gamma = (v: number) => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);

export function fromLab(
  [l, a, b]: readonly Uint8Array[],
  { width, height, order }: Omit<PixelImage, 'data'>,
  first: 0 | 2,
): PixelImage {
  const data = new Uint8Array(l.length * 3);
  for (let i = 0, p = 0; i < l.length; i++, p += 3) {
    const fy = (l[i] / 2.55 + 16) / 116;
    const xyz = [fy + (a[i] - 128) / 500, fy, fy - (b[i] - 128) / 200].map((v, k) => unroot(v) * WHITE[k]);
    const rgb = [0, 3, 6].map((row) =>
      byte(Math.round(255 * gamma(TO_RGB[row] * xyz[0] + TO_RGB[row + 1] * xyz[1] + TO_RGB[row + 2] * xyz[2]))),
    );
    data[p + first] = rgb[0];
    data[p + 1] = rgb[1];
    data[p + 2 - first] = rgb[2];
  }
  return { data, width, height, order };
}
