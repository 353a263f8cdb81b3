// A map over an image: the image in grey below, the map in the colours of "inferno" over it, scaled up smoothly.

import sharp from 'sharp';
import type { AnyImage, PixelImage } from '../data/types';
import { sampleMap, type ValueMap } from '../geometry/sample-map';
import { vega } from './vega';

export interface HeatOptions {
  /** Values of the first and the last colour; the map's own extremes by default. */
  range?: readonly [number, number];
  /** Share of the image that shows through where the map is lowest and highest. */
  opacity?: readonly [number, number];
  /** Longest side of the result in pixels. */
  longest?: number;
  /** Share of the map's height and width that is over the image, from the top left; the rest is over padding. */
  covered?: readonly [number, number];
}

/** Red, green and blue of 256 steps of the colour map. */
const colours = (): Uint8Array => {
  const at = vega().scheme('inferno') as (share: number) => string;
  return Uint8Array.from(Array.from({ length: 256 }, (_, i) => rgbOf(at(i / 255))).flat());
};

/** `#rrggbb` or `rgb(r, g, b)`. */
function rgbOf(colour: string): number[] {
  if (colour.startsWith('#')) return [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16));
  return (colour.match(/\d+(\.\d+)?/g) ?? []).slice(0, 3).map(Number);
}

/** Least and largest of the values that are finite. */
export function extremes(values: Float32Array): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high && v < Number.POSITIVE_INFINITY) high = v;
  }
  return low <= high ? [low, high] : [0, 0];
}

/** The image with the map over it, at the size in which it is stored. */
export async function heatImage(
  { data, width, height, order }: AnyImage,
  map: ValueMap,
  { range = extremes(map.values), opacity = [0.55, 0.85], longest = 360, covered = [1, 1] }: HeatOptions = {},
): Promise<PixelImage> {
  const scale = Math.min(1, longest / Math.max(width, height));
  const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(Uint8ClampedArray.from(data).buffer);
  const small = await sharp(bytes, { raw: { width, height, channels: 3 } })
    .resize(w, h, { fit: 'fill' })
    .raw()
    .toBuffer();
  const [low, high] = range;
  const table = colours();
  const out = new Uint8Array(w * h * 3);
  const [red, blue] = order === 'rgb' ? [0, 2] : [2, 0];
  for (let y = 0, i = 0; y < h; y++)
    for (let x = 0; x < w; x++, i += 3) {
      const value = sampleMap(map, ((y + 0.5) / h) * covered[0], ((x + 0.5) / w) * covered[1]);
      const share = high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0;
      const grey = 0.299 * small[i + red] + 0.587 * small[i + 1] + 0.114 * small[i + blue];
      const alpha = opacity[0] + (opacity[1] - opacity[0]) * share;
      const step = 3 * Math.round(255 * share);
      for (let c = 0; c < 3; c++) out[i + c] = Math.round(alpha * table[step + c] + (1 - alpha) * grey);
    }
  return { data: out, width: w, height: h, order: 'rgb' };
}
