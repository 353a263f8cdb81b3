// Area interpolation for shrinking, with the arithmetic of cv2.resize(INTER_AREA) on 8-bit images: integer factors by
// integer sums, others by single-precision weights.

import { roundHalfEven } from '../../geometry/round-half-even';
import type { PixelImage } from '../types';

const f = Math.fround;

/** `image` shrunk to `width` x `height`. */
export function resizeArea(image: PixelImage, width: number, height: number): PixelImage {
  if (width === image.width && height === image.height) return image;
  const sx = 1 / (width / image.width);
  const sy = 1 / (height / image.height);
  const whole = (s: number) => Math.abs(s - Math.round(s)) < Number.EPSILON;
  const data =
    whole(sx) && whole(sy)
      ? wholeFactors(image, width, height, Math.round(sx), Math.round(sy))
      : weighted(image, width, height, sx, sy);
  return { data, width, height, order: image.order };
}

function wholeFactors(image: PixelImage, width: number, height: number, fx: number, fy: number): Uint8Array {
  const { data } = image;
  const stride = image.width * 3;
  const out = new Uint8Array(width * height * 3);
  const share = f(1 / (fx * fy));
  const square = fx === 2 && fy === 2;
  for (let y = 0, o = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++, o++) {
        let sum = 0;
        for (let j = 0; j < fy; j++)
          for (let i = 0, p = (y * fy + j) * stride + x * fx * 3 + c; i < fx; i++, p += 3) sum += data[p];
        out[o] = square ? (sum + 2) >> 2 : roundHalfEven(f(sum * share));
      }
  return out;
}

/** Source pixels of each target pixel, and their weights: one entry per pair, in the order of both. */
interface Shares {
  target: Int32Array;
  source: Int32Array;
  share: Float32Array;
}

function sharesOf(source: number, target: number, scale: number): Shares {
  const table = { target: [] as number[], source: [] as number[], share: [] as number[] };
  const add = (t: number, s: number, share: number) => {
    table.target.push(t);
    table.source.push(s);
    table.share.push(share);
  };
  for (let t = 0; t < target; t++) {
    const from = t * scale;
    const to = from + scale;
    const cell = Math.min(scale, source - from);
    const last = Math.min(Math.floor(to), source - 1);
    const first = Math.min(Math.ceil(from), last);
    if (first - from > 1e-3) add(t, first - 1, (first - from) / cell);
    for (let s = first; s < last; s++) add(t, s, 1 / cell);
    if (to - last > 1e-3) add(t, last, Math.min(to - last, 1, cell) / cell);
  }
  return {
    target: Int32Array.from(table.target),
    source: Int32Array.from(table.source),
    share: Float32Array.from(table.share),
  };
}

function weighted(image: PixelImage, width: number, height: number, sx: number, sy: number): Uint8Array {
  const columns = sharesOf(image.width, width, sx);
  const rows = sharesOf(image.height, height, sy);
  const out = new Uint8Array(width * height * 3);
  const line = new Float32Array(width * 3);
  const sum = new Float32Array(width * 3);
  for (let k = 0; k < rows.target.length; k++) {
    // the last row of a cell may be the first of the next
    if (k === 0 || rows.source[k] !== rows.source[k - 1]) weightedRow(image, rows.source[k], columns, line);
    const share = rows.share[k];
    const row = rows.target[k];
    if (k === 0 || row !== rows.target[k - 1]) for (let i = 0; i < sum.length; i++) sum[i] = share * line[i];
    else for (let i = 0; i < sum.length; i++) sum[i] += f(share * line[i]);
    if (row !== rows.target[k + 1])
      for (let i = 0, o = row * width * 3; i < sum.length; i++, o++) out[o] = roundHalfEven(sum[i]);
  }
  return out;
}

/** One source row, weighted along x. */
function weightedRow({ data, width }: PixelImage, row: number, columns: Shares, out: Float32Array): void {
  const { target, source, share } = columns;
  const start = row * width * 3;
  let [a, b, c] = [f(0), f(0), f(0)];
  for (let i = 0; i < target.length; i++) {
    const p = start + source[i] * 3;
    const weight = share[i];
    a = f(a + f(data[p] * weight));
    b = f(b + f(data[p + 1] * weight));
    c = f(c + f(data[p + 2] * weight));
    if (i + 1 < target.length && target[i + 1] === target[i]) continue;
    const o = target[i] * 3;
    out[o] = a;
    out[o + 1] = b;
    out[o + 2] = c;
    a = b = c = f(0);
  }
}
