// Frost: a part of a photograph of frost over the image (Hendrycks and Dietterich, ICLR 2019). The photographs are those of the
// imagecorruptions package. As there, the sixth is never drawn, and red of the frost is added to the first channel of the image.

import type { PixelImage } from '../../types';
import { resizeBicubic } from '../resize-bicubic';

/** The package's files that are drawn. */
export const FROST_FILES = ['frost1.png', 'frost2.png', 'frost3.png', 'frost4.jpg', 'frost5.jpg'] as const;

/** Shares of the image and of the frost. */
const FROST = [
  [1, 0.4],
  [0.8, 0.6],
  [0.7, 0.7],
  [0.65, 0.7],
  [0.6, 0.75],
];

/**
 * @param levels [height, width, 3] of an image, 0 to 255
 * @param texture a photograph of frost, RGB
 * @param draw an integer from 0, below `limit`
 * @returns levels before they are truncated
 */
export function frost(
  levels: ArrayLike<number>,
  { height, width }: { height: number; width: number },
  severity: number,
  texture: PixelImage,
  draw: (limit: number) => number,
): Float64Array {
  const [share, icy] = FROST[severity - 1];
  const scale = Math.max(1, height / texture.height, width / texture.width) * 1.1;
  const grown = resizeBicubic(texture, Math.ceil(texture.width * scale), Math.ceil(texture.height * scale));
  const top = draw(grown.height - height);
  const left = draw(grown.width - width);
  const out = new Float64Array(3 * height * width);
  for (let y = 0, i = 0; y < height; y++) {
    const row = 3 * ((top + y) * grown.width + left);
    for (let x = 0; x < 3 * width; x++, i++)
      out[i] = Math.min(Math.max(share * levels[i] + icy * grown.data[row + x], 0), 255);
  }
  return out;
}
