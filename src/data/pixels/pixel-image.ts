// Solid images, crops, and pasting one image into another. Values keep their type, 8-bit or float.

import type { AnyImage, PixelImage, Pixels } from '../types';
import { takePixels } from './pixel-pool';

/** A rectangle in an image; `top` and `left` may be outside of it. */
export interface Window {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** An array of the type of `like`, of which every value must be written. */
export function pixelsLike<P extends Pixels>(like: P, length: number): P {
  return (like instanceof Uint8Array ? takePixels(length) : new Float32Array(length)) as P;
}

/** A colour in channel order `order`; `value` is a gray level, or b, g, r as in MMDetection. */
export function colourOf(value: number | readonly number[], order: PixelImage['order']): number[] {
  if (typeof value === 'number') return [value, value, value];
  return order === 'bgr' ? [...value] : [...value].reverse();
}

/** A `width` x `height` image of `colour` (in the channel order of `like`), of the type of `like`. */
export function solidImage<P extends Pixels>(
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

/** The pixels of `window`, which must be inside the image. */
export function cropPixels<P extends Pixels>(image: PixelImage<P>, window: Window): PixelImage<P> {
  const { data, width, order } = image;
  const out = pixelsLike(data, window.height * window.width * 3);
  for (let y = 0; y < window.height; y++) {
    const from = ((window.top + y) * width + window.left) * 3;
    out.set(data.subarray(from, from + window.width * 3), y * window.width * 3);
  }
  return { data: out, width: window.width, height: window.height, order };
}

/** Copies `image` into `canvas` with its top left corner at (left, top), clipped to the canvas. */
export function pastePixels(canvas: AnyImage, image: AnyImage, left: number, top: number): void {
  const [x0, y0] = [Math.max(0, -left), Math.max(0, -top)];
  const x1 = Math.min(image.width, canvas.width - left);
  const y1 = Math.min(image.height, canvas.height - top);
  if (x1 <= x0) return;
  for (let y = y0; y < y1; y++) {
    const from = (y * image.width + x0) * 3;
    canvas.data.set(image.data.subarray(from, from + (x1 - x0) * 3), ((top + y) * canvas.width + left + x0) * 3);
  }
}
