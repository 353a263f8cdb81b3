// The pixels of images that are drawn.

import sharp from 'sharp';
import type { PixelImage } from '../../src/data/types';

/** Gray, with one pure blue pixel row at the top, in BGR. */
export function image(width: number, height: number, order: 'bgr' | 'rgb' = 'bgr'): PixelImage {
  const data = new Uint8Array(width * height * 3).fill(128);
  for (let x = 0; x < width; x++) data.set(order === 'bgr' ? [255, 0, 0] : [0, 0, 255], x * 3);
  return { data, width, height, order };
}

/** Size of a PNG, and [red, green, blue] at (x, y). */
export async function pixels(png: Buffer) {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  return { width: info.width, height: info.height, at };
}

/** [red, green, blue] of #rrggbb. */
export const rgb = (colour: string) => [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16));
