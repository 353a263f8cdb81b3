// Masks of Label Studio's brush: RGBA pixels in the run lengths of @thi.ng/rle-pack, of which the alpha channel is the mask.

import { encodeRle, rleToSegmentation, type Segmentation } from '../../../masks';
import { pixelLimit } from '../../loading/pixel-limit';

/** Reads numbers of some bits, most significant first. */
class Bits {
  private at = 0;
  constructor(private readonly bytes: ArrayLike<number>) {}

  get done(): boolean {
    return this.at > 8 * this.bytes.length;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.at++)
      value = value * 2 + ((this.bytes[this.at >> 3] >> (7 - (this.at & 7))) & 1);
    return value;
  }
}

/** The mask of a brush region as run lengths; undefined for what cannot be read or is empty. */
export function countsFromLabelStudio(rle: unknown, width: number, height: number): Segmentation | undefined {
  if (!Array.isArray(rle) || !rle.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)) return undefined;
  if (width * height > pixelLimit()) return undefined;
  const bits = new Bits(rle);
  const total = bits.read(32);
  if (total !== width * height * 4) return undefined;
  const word = bits.read(5) + 1;
  const sizes = [0, 1, 2, 3].map(() => bits.read(4) + 1);
  const alpha = new Uint8Array(width * height);
  let some = false;
  for (let i = 0; i < total; ) {
    const repeated = bits.read(1) === 1;
    const end = Math.min(total, i + 1 + bits.read(sizes[bits.read(2)]));
    let value = repeated ? bits.read(word) : 0;
    for (; i < end; i++) {
      if (!repeated) value = bits.read(word);
      if (i % 4 === 3 && value > 0) {
        alpha[i >> 2] = 1;
        some = true;
      }
    }
    if (bits.done) return undefined;
  }
  return some ? rleToSegmentation(encodeRle(alpha, height, width)) : undefined;
}
