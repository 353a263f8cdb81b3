// The run lengths of one of several bitmaps.

import { encodeRle, type Rle } from '../../../masks';

/** @param pixels [k, height, width], row-major */
export const rleOfChannel = (
  pixels: Uint8Array | Float32Array | Int32Array,
  k: number,
  height: number,
  width: number,
): Rle => encodeRle(pixels.subarray(k * height * width, (k + 1) * height * width), height, width);
