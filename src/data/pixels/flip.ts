// Flips pixels: left-right, top-bottom, or both.

import type { FlipDirection } from '../../geometry/boxes';
import type { PixelImage, Pixels } from '../types';
import { pixelKernels } from './native';
import { pixelsLike } from './pixel-image';

/** A flipped copy of `image`; `diagonal` flips in both directions. */
export function flipPixels<P extends Pixels>(image: PixelImage<P>, direction: FlipDirection): PixelImage<P> {
  const { data, width, height } = image;
  const out = pixelsLike(data, data.length);
  const kernels = pixelKernels();
  if (kernels && direction === 'horizontal' && data instanceof Uint8Array && out instanceof Uint8Array) {
    kernels.flipHorizontally(data, width, height, out);
    return { ...image, data: out };
  }
  const stride = width * 3;
  for (let row = 0; row < height; row++) {
    const source = row * stride;
    const target = (direction === 'horizontal' ? row : height - 1 - row) * stride;
    if (direction === 'vertical') {
      out.set(data.subarray(source, source + stride), target);
      continue;
    }
    for (let p = source, q = target + stride - 3; q >= target; p += 3, q -= 3) {
      out[q] = data[p];
      out[q + 1] = data[p + 1];
      out[q + 2] = data[p + 2];
    }
  }
  return { ...image, data: out };
}
