// Colours as CIE L*a*b* in 8 bits (L over 255 levels, a and b about 128), under the white of D65 and sRGB's gamma: what
// cv2.cvtColor gives but for its fixed-point tables, so that values may lie one level off.

import type { PixelImage } from './types';

const TO_XYZ = [0.412453, 0.35758, 0.180423, 0.212671, 0.71516, 0.072169, 0.019334, 0.119193, 0.950227];
const TO_RGB = [3.240479, -1.53715, -0.498535, -0.969256, 1.875991, 0.041556, 0.055648, -0.204043, 1.057311];
const WHITE = [0.950456, 1, 1.088754];

const LINEAR = Float64Array.from({ length: 256 }, (_, i) => {
  const v = i / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
});
const gamma = (v: number) => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);
const root = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
const unroot = (t: number) => (t > 6 / 29 ? t ** 3 : (t - 16 / 116) / 7.787);
const byte = (v: number) => Math.min(Math.max(Math.round(v), 0), 255);

/** Planes of L, a and b. `first`: place of the channel that is taken for red. */
export function toLab({ data }: PixelImage, first: 0 | 2): [Uint8Array, Uint8Array, Uint8Array] {
  const n = data.length / 3;
  const [l, a, b] = [new Uint8Array(n), new Uint8Array(n), new Uint8Array(n)];
  for (let i = 0, p = 0; i < n; i++, p += 3) {
    const rgb = [LINEAR[data[p + first]], LINEAR[data[p + 1]], LINEAR[data[p + 2 - first]]];
    const [x, y, z] = [0, 1, 2].map((k) =>
      root((TO_XYZ[3 * k] * rgb[0] + TO_XYZ[3 * k + 1] * rgb[1] + TO_XYZ[3 * k + 2] * rgb[2]) / WHITE[k]),
    );
    l[i] = byte((116 * y - 16) * 2.55);
    a[i] = byte(500 * (x - y) + 128);
    b[i] = byte(200 * (y - z) + 128);
  }
  return [l, a, b];
}

export function fromLab(
  [l, a, b]: readonly Uint8Array[],
  { width, height, order }: Omit<PixelImage, 'data'>,
  first: 0 | 2,
): PixelImage {
  const data = new Uint8Array(l.length * 3);
  for (let i = 0, p = 0; i < l.length; i++, p += 3) {
    const fy = (l[i] / 2.55 + 16) / 116;
    const xyz = [fy + (a[i] - 128) / 500, fy, fy - (b[i] - 128) / 200].map((v, k) => unroot(v) * WHITE[k]);
    const rgb = [0, 1, 2].map((k) =>
      byte(255 * gamma(TO_RGB[3 * k] * xyz[0] + TO_RGB[3 * k + 1] * xyz[1] + TO_RGB[3 * k + 2] * xyz[2])),
    );
    data[p + first] = rgb[0];
    data[p + 1] = rgb[1];
    data[p + 2 - first] = rgb[2];
  }
  return { data, width, height, order };
}
