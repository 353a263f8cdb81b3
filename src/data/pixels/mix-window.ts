// What YOLOX's MixUp does to pixels: the mean of an image and a window of another one, resized and mirrored. MMDetection
// resizes as doubles and truncates: in cv2 on x86, Intel's IPP, with coordinates and interpolation in double precision and
// fused products. Without the pixel kernels products are not fused: one value in a hundred thousand is a level off.

import type { PixelImage } from '../types';
import { pixelKernels } from './native';
import { takePixels } from './pixel-pool';

/** How the other image is resized before it is mixed, and which window of it. */
export interface MixedWindow {
  /** Of the whole resized image. */
  width: number;
  height: number;
  /** Mirror it left to right. */
  flip: boolean;
  /** Top left corner of the window, which may extend beyond the image at the right and bottom. */
  left: number;
  top: number;
  /** There, in the channel order of the images. */
  colour: readonly number[];
}

/** The mean of `image` and the window of its size of `other`, truncated. */
export function mixWindow(image: PixelImage, other: PixelImage, window: MixedWindow): PixelImage {
  const { width, height, order } = image;
  const out = takePixels(image.data.length);
  const kernels = pixelKernels();
  if (!kernels) mixRows(image, other, window, out);
  else {
    const { left, top, flip } = window;
    const colour = Uint8Array.from(window.colour);
    kernels.mixWindow(
      ...([image.data, width, height, other.data, other.width, other.height] as const),
      ...([window.width, window.height, flip ? 1 : 0, left, top, colour, out] as const),
    );
  }
  return { data: out, width, height, order };
}

function mixRows(image: PixelImage, other: PixelImage, window: MixedWindow, out: Uint8Array): void {
  const { data, width, height } = image;
  const { colour, left, top } = window;
  const count = Math.min(Math.max(window.width - left, 0), width);
  const columns = Array.from({ length: count }, (_, x) => (window.flip ? window.width - 1 - x - left : x + left));
  const x = neighbours(columns, other.width, window.width);
  const rows = Array.from({ length: Math.min(Math.max(window.height - top, 0), height) }, (_, y) => y + top);
  const y = neighbours(rows, other.height, window.height);
  // two source rows resized along x; `held*` are their indices
  let upper = new Float64Array(count * 3);
  let lower = new Float64Array(count * 3);
  let heldUpper = -1;
  let heldLower = -1;
  for (let row = 0, o = 0; row < height; row++) {
    if (row < rows.length) {
      if (y.from[row] === heldLower && heldLower !== heldUpper) {
        [upper, lower] = [lower, upper];
        [heldUpper, heldLower] = [heldLower, heldUpper];
      }
      if (y.from[row] !== heldUpper) resizeRow(other, (heldUpper = y.from[row]), x, upper);
      if (y.to[row] !== heldLower) resizeRow(other, (heldLower = y.to[row]), x, lower);
      const share = y.share[row];
      for (let i = 0; i < upper.length; i++, o++)
        out[o] = (data[o] + Math.trunc(upper[i] + (lower[i] - upper[i]) * share)) >> 1;
    }
    for (const end = (row + 1) * width * 3; o < end; o++) out[o] = (data[o] + colour[o % 3]) >> 1;
  }
}

interface Neighbours {
  from: Int32Array;
  to: Int32Array;
  /** Of `to`. */
  share: Float64Array;
}

/** The source indices before and after each target index, and the weight of the latter. */
function neighbours(targets: readonly number[], source: number, target: number): Neighbours {
  const from = new Int32Array(targets.length);
  const to = new Int32Array(targets.length);
  const share = new Float64Array(targets.length);
  const last = source - 1;
  for (const [i, index] of targets.entries()) {
    const at = (index + 0.5) * (source / target) - 0.5;
    const before = Math.floor(at);
    from[i] = Math.min(Math.max(before, 0), last);
    to[i] = before < 0 ? 0 : Math.min(before + 1, last);
    share[i] = before < 0 || before >= last ? 0 : at - before;
  }
  return { from, to, share };
}

function resizeRow({ data, width }: PixelImage, row: number, { from, to, share }: Neighbours, out: Float64Array): void {
  const start = row * width * 3;
  for (let i = 0, o = 0; i < from.length; i++) {
    const p = start + from[i] * 3;
    const q = start + to[i] * 3;
    for (let c = 0; c < 3; c++, o++) out[o] = data[p + c] + (data[q + c] - data[p + c]) * share[i];
  }
}
