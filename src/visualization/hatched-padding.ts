// The padding of an input, hatched, so that it is not taken for black pixels of the image.

import type { AnyImage, PixelImage } from '../data/types';

const [DARK, LIGHT] = [136, 170];
/** Of the hatching over what is below. */
const OPACITY = 0.75;

/** Pixels as bytes: transforms may make floats. */
export const bytesOf = ({ data, ...image }: AnyImage): PixelImage => ({
  ...image,
  data: data instanceof Uint8Array ? data : new Uint8Array(Uint8ClampedArray.from(data).buffer),
});

/** @param content [height, width] of what is image, from the top left; the rest is padding */
export function hatchedPadding(image: AnyImage, [rows, columns]: readonly [number, number]): PixelImage {
  const { width, height } = image;
  if (rows >= height && columns >= width) return bytesOf(image);
  const data = Uint8Array.from(bytesOf(image).data);
  const stripe = Math.max(2, Math.round(Math.max(width, height) / 60));
  for (let y = 0; y < height; y++)
    for (let x = y < rows ? columns : 0; x < width; x++) {
      const shade = Math.floor((x + y) / stripe) % 2 === 0 ? DARK : LIGHT;
      for (let i = 3 * (y * width + x), end = i + 3; i < end; i++)
        data[i] = Math.round((1 - OPACITY) * data[i] + OPACITY * shade);
    }
  return { ...image, data };
}
