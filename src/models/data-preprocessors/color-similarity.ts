// Which neighbouring pixels of an image look alike, by their distance in CIELAB (Tian et al., BoxInst, CVPR 2021). As scikit-image
// converts sRGB: D65, 2 degrees.

import { neighbours } from '../mask-heads/pairwise-affinity';

const linear = (value: number) => {
  const v = value / 255;
  return v > 0.04045 ? ((v + 0.055) / 1.055) ** 2.4 : v / 12.92;
};
const LINEAR = Float64Array.from({ length: 256 }, (_, v) => linear(v));
const cubeRoot = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);

/** L, a, b of an 8-bit colour. */
export function rgbToLab(red: number, green: number, blue: number): [number, number, number] {
  const [r, g, b] = [LINEAR[red], LINEAR[green], LINEAR[blue]];
  const x = cubeRoot((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
  const y = cubeRoot(0.212671 * r + 0.71516 * g + 0.072169 * b);
  const z = cubeRoot((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

export interface AlikeOptions {
  pairwise_size: number;
  pairwise_dilation: number;
  /** Lowest similarity, exp(-distance / 2). */
  pairwise_color_thresh: number;
}

/**
 * For each neighbour (row by row in the window) a plane of 1 where it is in the image and looks like the pixel [neighbours, h, w].
 * @param pixels 8-bit RGB [h, w, 3]
 * @param known 1 for pixels of the image [h, w]
 */
export function alikeNeighbours(
  pixels: Uint8Array,
  known: Uint8Array,
  [h, w]: readonly [number, number],
  { pairwise_size, pairwise_dilation, pairwise_color_thresh }: AlikeOptions,
): Uint8Array {
  const lab = new Float32Array(3 * h * w);
  for (let p = 0; p < h * w; p++) lab.set(rgbToLab(pixels[3 * p], pixels[3 * p + 1], pixels[3 * p + 2]), 3 * p);
  const offsets = neighbours(pairwise_size, pairwise_dilation);
  const out = new Uint8Array(offsets.length * h * w);
  const farthest = -2 * Math.log(pairwise_color_thresh);
  for (const [k, [dy, dx]] of offsets.entries())
    for (let y = Math.max(0, -dy); y < Math.min(h, h - dy); y++)
      for (let x = Math.max(0, -dx); x < Math.min(w, w - dx); x++) {
        const p = y * w + x;
        const q = p + dy * w + dx;
        if (!known[q]) continue;
        let squares = 0;
        for (let c = 0; c < 3; c++) squares += (lab[3 * p + c] - lab[3 * q + c]) ** 2;
        if (Math.sqrt(squares) <= farthest) out[k * h * w + p] = 1;
      }
  return out;
}
