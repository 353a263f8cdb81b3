// Bilinear resizing with the arithmetic of Pillow's Image.resize(BILINEAR) on 8-bit images: a triangle as wide as the
// reduction (antialiased), along x and then y, weights in 22-bit fixed point. Bit-equal to Pillow up to 12; later ones go
// along y first where that is cheaper, and differ by a gray level here and there.

import type { PixelImage } from '../types';

const BITS = 22;
const HALF = 2 ** (BITS - 1);

/** `image` at `width` x `height`; the same object when it has that size already. */
export function resizePillow(image: PixelImage, width: number, height: number): PixelImage {
  const narrowed = width === image.width ? image : alongX(image, width);
  return height === image.height ? narrowed : alongY(narrowed, height);
}

/** Of every target index along one axis: the first source index, the number of weights, and the weights. */
function coefficients(source: number, target: number) {
  const scale = source / target;
  const support = Math.max(scale, 1);
  const size = Math.ceil(support) * 2 + 1;
  const from = new Int32Array(target);
  const counts = new Int32Array(target);
  const weights = new Int32Array(target * size);
  for (let i = 0; i < target; i++) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(Math.trunc(centre - support + 0.5), 0);
    const count = Math.min(Math.trunc(centre + support + 0.5), source) - low;
    const triangle = Array.from({ length: count }, (_, k) =>
      Math.max(1 - Math.abs((k + low - centre + 0.5) * (1 / support)), 0),
    );
    const sum = triangle.reduce((a, b) => a + b, 0);
    from[i] = low;
    counts[i] = count;
    for (const [k, weight] of triangle.entries())
      weights[i * size + k] = Math.trunc(0.5 + (sum === 0 ? weight : weight / sum) * 2 ** BITS);
  }
  return { from, counts, weights, size };
}

function alongX({ data, width: before, height, order }: PixelImage, width: number): PixelImage {
  const { from, counts, weights, size } = coefficients(before, width);
  const out = new Uint8Array(width * height * 3);
  for (let row = 0, o = 0; row < height; row++)
    for (let i = 0; i < width; i++)
      for (let c = 0; c < 3; c++, o++) {
        let sum = HALF;
        for (let k = 0, p = (row * before + from[i]) * 3 + c; k < counts[i]; k++, p += 3)
          sum += data[p] * weights[i * size + k];
        out[o] = clip(sum);
      }
  return { data: out, width, height, order };
}

function alongY({ data, width, height: before, order }: PixelImage, height: number): PixelImage {
  const { from, counts, weights, size } = coefficients(before, height);
  const stride = width * 3;
  const out = new Uint8Array(stride * height);
  for (let row = 0, o = 0; row < height; row++)
    for (let x = 0; x < stride; x++, o++) {
      let sum = HALF;
      for (let k = 0, p = from[row] * stride + x; k < counts[row]; k++, p += stride)
        sum += data[p] * weights[row * size + k];
      out[o] = clip(sum);
    }
  return { data: out, width, height, order };
}

const clip = (sum: number): number => Math.min(Math.max(sum >> BITS, 0), 255);
