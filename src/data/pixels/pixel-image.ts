// Rectangles of pixels: a field of one colour, a window cut out, an image laid into another. Values keep their sort, 8-bit
// or float.

import type { AnyImage, PixelImage, Pixels } from '../types';

/** A place in an image; `top` and `left` may lie outside of it. */
export interface Window {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** An array of the sort of `like`. */
export function pixelsLike<P extends Pixels>(like: P, length: number): P {
  return (like instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length)) as P;
}

/** One colour for three channels in the image's own order; `value` is one level, or b, g, r as MMDetection orders them. */
export function colourOf(value: number | readonly number[], order: PixelImage['order']): number[] {
  if (typeof value === 'number') return [value, value, value];
  return order === 'bgr' ? [...value] : [...value].reverse();
}

/** A field of `colour` (in the image's own order), of the sort of `like`. 8-bit levels are cut to whole numbers. */
export function plainImage<P extends Pixels>(
  like: PixelImage<P>,
  width: number,
  height: number,
  colour: readonly number[],
): PixelImage<P> {
  const data = pixelsLike(like.data, width * height * 3);
  const [a, b, c] = colour;
  if (a === b && b === c) data.fill(a);
  else
    for (let i = 0; i < data.length; i += 3) {
      data[i] = a;
      data[i + 1] = b;
      data[i + 2] = c;
    }
  return { data, width, height, order: like.order };
}

/** The pixels of `window`, which lies inside the image. */
export function cutPixels<P extends Pixels>(image: PixelImage<P>, window: Window): PixelImage<P> {
  const { data, width, order } = image;
  const out = pixelsLike(data, window.height * window.width * 3);
  for (let y = 0; y < window.height; y++) {
    const from = ((window.top + y) * width + window.left) * 3;
    out.set(data.subarray(from, from + window.width * 3), y * window.width * 3);
  }
  return { data: out, width: window.width, height: window.height, order };
}

/** Lays `image` into `field` with its corner at `left`, `top`; what does not fit is left out. */
export function layPixels(field: AnyImage, image: AnyImage, left: number, top: number): void {
  const [x0, y0] = [Math.max(0, -left), Math.max(0, -top)];
  const x1 = Math.min(image.width, field.width - left);
  const y1 = Math.min(image.height, field.height - top);
  if (x1 <= x0) return;
  for (let y = y0; y < y1; y++) {
    const from = (y * image.width + x0) * 3;
    field.data.set(image.data.subarray(from, from + (x1 - x0) * 3), ((top + y) * field.width + left + x0) * 3);
  }
}
