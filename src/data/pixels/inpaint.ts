// Fills regions of an image from their borders inwards, along lines of equal brightness (Bertalmio, Bertozzi and Sapiro, Navier-Stokes,
// Fluid Dynamics, and Image and Video Inpainting, CVPR 2001), pixels in the order of the fast marching method. Equal to OpenCV's
// INPAINT_NS.

import type { PixelImage } from '../types';
import { pixelsLike } from './pixel-image';

const [KNOWN, BAND, INSIDE] = [0, 1, 2];
const f = Math.fround;
const FAR = 1e6;

/** Pixels of the front by arrival time; of equal ones the first that came. */
class Front {
  private readonly heap: { time: number; number: number; at: number }[] = [];
  private pushed = 0;

  private before(a: number, b: number): boolean {
    const [x, y] = [this.heap[a], this.heap[b]];
    return x.time < y.time || (x.time === y.time && x.number < y.number);
  }

  private swap(a: number, b: number): void {
    [this.heap[a], this.heap[b]] = [this.heap[b], this.heap[a]];
  }

  push(at: number, time: number): void {
    this.heap.push({ time, number: this.pushed++, at });
    for (let i = this.heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.before(i, parent)) break;
      this.swap(i, parent);
      i = parent;
    }
  }

  pop(): number | undefined {
    const [first] = this.heap;
    const last = this.heap.pop();
    if (!first || !last) return undefined;
    if (this.heap.length === 0) return first.at;
    this.heap[0] = last;
    for (let i = 0; ; ) {
      let next = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < this.heap.length && this.before(child, next)) next = child;
      if (next === i) return first.at;
      this.swap(i, next);
      i = next;
    }
  }
}

/** @param mask [H, W], not 0 where the image is to be filled */
export function inpaint(image: PixelImage, mask: Uint8Array, radius: number): PixelImage {
  const { width, height } = image;
  const columns = width + 2; // a border of one pixel around
  const state = new Uint8Array(columns * (height + 2));
  const time = new Float32Array(state.length).fill(FAR);
  const data = pixelsLike(image.data, image.data.length);
  data.set(image.data);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) if (mask[y * width + x]) state[(y + 1) * columns + x + 1] = INSIDE;
  const front = new Front();
  const around = [-columns, -1, columns, 1];
  for (let y = 1; y <= height; y++)
    for (let x = 1; x <= width; x++) {
      const at = y * columns + x;
      if (state[at] === INSIDE || !around.some((step) => state[at + step] === INSIDE)) continue;
      state[at] = BAND;
      time[at] = 0;
      front.push(at, 0);
    }
  const fill = filler(data, state, width, height, radius);
  for (let at = front.pop(); at !== undefined; at = front.pop()) {
    state[at] = KNOWN;
    for (const step of around) {
      const next = at + step;
      const [y, x] = [Math.floor(next / columns), next % columns];
      if (y < 1 || x < 1 || y > height || x > width || state[next] !== INSIDE) continue;
      time[next] = arrival(time, state, next, columns);
      fill(y, x);
      state[next] = BAND;
      front.push(next, time[next]);
    }
  }
  return { ...image, data };
}

/** When the front arrives, from the neighbours that it has passed. */
function arrival(time: Float32Array, state: Uint8Array, at: number, columns: number): number {
  let first = Number.POSITIVE_INFINITY;
  for (const vertical of [at - columns, at + columns])
    for (const horizontal of [at - 1, at + 1]) {
      const [a, b] = [time[vertical], time[horizontal]];
      const [isA, isB] = [state[vertical] !== INSIDE, state[horizontal] !== INSIDE];
      let solution = 1 + Math.min(a, b);
      if (isA && isB) {
        if (Math.abs(a - b) < 1) solution = (a + b + Math.sqrt(2 - (a - b) * (a - b))) * 0.5;
      } else if (isA) solution = 1 + a;
      else if (isB) solution = 1 + b;
      first = Math.min(first, f(solution));
    }
  return first;
}

/** Fills pixel (y, x), counted from 1: the mean of those around that are known, near ones and those along edges more. */
function filler(data: Uint8Array, state: Uint8Array, width: number, height: number, radius: number) {
  const columns = width + 2;
  return (i: number, j: number): void => {
    const sums = [0, 0, 0];
    const weights = [1e-20, 1e-20, 1e-20];
    for (let k = Math.max(i - radius, 1); k <= Math.min(i + radius, height); k++) {
      const [above, below] = [k - 1 + (k === 1 ? 1 : 0), k - 1 - (k === height ? 1 : 0)];
      for (let l = Math.max(j - radius, 1); l <= Math.min(j + radius, width); l++) {
        const at = k * columns + l;
        const squared = (l - j) * (l - j) + (k - i) * (k - i);
        if (state[at] === INSIDE || squared > radius * radius) continue;
        const near = f(1 / (squared * squared + 1));
        const [left, right] = [l - 1 + (l === 1 ? 1 : 0), l - 1 - (l === width ? 1 : 0)];
        const known = [columns, -columns, 1, -1].map((step) => state[at + step] !== INSIDE);
        const pixel = (y: number, x: number, c: number) => data[(y * width + x) * 3 + c];
        for (let c = 0; c < 3; c++) {
          const down = Math.abs(pixel(below + 1, left, c) - pixel(below, left, c));
          const up = Math.abs(pixel(below, left, c) - pixel(above - 1, left, c));
          const toRight = Math.abs(pixel(above, right + 1, c) - pixel(above, right, c));
          const toLeft = Math.abs(pixel(above, right, c) - pixel(above, left - 1, c));
          const slope = (forth: number, back: number, isForth: boolean, isBack: boolean) =>
            isForth ? (isBack ? forth + back : 2 * forth) : isBack ? 2 * back : 0;
          const gx = -slope(down, up, known[0], known[1]);
          const gy = slope(toRight, toLeft, known[2], known[3]);
          const along = f((l - j) * gx + (k - i) * gy);
          const edge =
            Math.abs(along) <= 0.01 ? 0.000001 : f(Math.abs(along / Math.sqrt(squared * (gx * gx + gy * gy))));
          const weight = f(near * edge);
          sums[c] = f(sums[c] + f(weight * pixel(k - 1, l - 1, c)));
          weights[c] = f(weights[c] + weight);
        }
      }
    }
    for (let c = 0; c < 3; c++) data[((i - 1) * width + j - 1) * 3 + c] = roundHalfEven(sums[c] / weights[c]);
  };
}

const roundHalfEven = (v: number): number => {
  const low = Math.floor(v);
  const part = v - low;
  return part < 0.5 || (part === 0.5 && low % 2 === 0) ? low : low + 1;
};
