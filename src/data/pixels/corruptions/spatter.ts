// Spatter: drops of water (severity 1 to 3) or mud (4 and 5) on the lens (Hendrycks and Dietterich, ICLR 2019), with OpenCV's
// steps, bit for bit. An image on which no drop falls, which the reference makes NaN, stays as it is.

import { mirrored } from '../blur';
import { cannyEdges } from './canny';
import { distanceToZero } from './distance-to-zero';
import { gaussianPlane } from './gaussian';

const f = Math.fround;

/** Mean and deviation of the liquid, its smoothness, the threshold of drops, and their strength or the smoothness of mud. */
const SPATTER = [
  [0.65, 0.3, 4, 0.69, 0.6],
  [0.65, 0.3, 3, 0.68, 0.6],
  [0.65, 0.3, 2, 0.68, 0.5],
  [0.65, 0.3, 1, 0.65, 1.5],
  [0.67, 0.4, 1, 0.65, 1.5],
];
const MUD_FROM = 4;
/** Of the channels in their order. */
const WATER = [175, 238, 238];
const MUD = [63, 42, 20];

interface Plane<A> {
  data: A;
  height: number;
  width: number;
}

/**
 * @param levels [height, width, 3] of an image, 0 to 255
 * @param normal a deviate of mean 0 and standard deviation 1
 * @returns levels before they are truncated
 */
export function spatter(
  levels: ArrayLike<number>,
  { height, width }: { height: number; width: number },
  severity: number,
  normal: () => number,
): Float64Array {
  const [mean, deviation, sigma, threshold, strength] = SPATTER[severity - 1];
  const drawn = Float64Array.from({ length: height * width }, () => mean + deviation * normal());
  const liquid = gaussianPlane(drawn, height, width, [sigma, sigma]);
  if (severity >= MUD_FROM) return muddy(levels, { data: liquid, height, width }, threshold, strength);
  const drops = Uint8Array.from(liquid, (value) => (value < threshold ? 0 : Math.trunc(value * 255)));
  return wet(levels, { data: drops, height, width }, strength);
}

function wet(levels: ArrayLike<number>, liquid: Plane<Uint8Array>, strength: number): Float64Array {
  const { data } = liquid;
  const depth = depthOf(liquid);
  const m = Float32Array.from(data, (value, i) => value * depth[i]);
  const highest = m.reduce((a, b) => Math.max(a, b), 0);
  if (highest === 0) return Float64Array.from(levels);
  return Float64Array.from(levels, (level, i) => {
    const drop = f(f(m[Math.floor(i / 3)] / highest) * f(strength));
    const value = f(f(f(level) / 255) + f(drop * f(WATER[i % 3] / 255)));
    return f(Math.min(Math.max(value, 0), 1) * 255);
  });
}

/** How far inside a drop a pixel is, embossed. */
function depthOf(liquid: Plane<Uint8Array>): Uint8Array {
  const { height, width } = liquid;
  const edges = cannyEdges(liquid.data, height, width, 50, 150);
  const distance = distanceToZero(
    edges.map((edge) => (edge ? 0 : 1)),
    height,
    width,
  );
  const near = distance.map((value) => Math.min(value, 20));
  const plane = (data: ArrayLike<number>) => ({ data, height, width });
  const smooth = Uint8Array.from(sums(plane(near), BOX), (sum) => Math.trunc(f(sum * (1 / 9))));
  const embossed = Uint8Array.from(sums(plane(equalized(smooth)), EMBOSS), (sum) => Math.min(Math.max(sum, 0), 255));
  return Uint8Array.from(sums(plane(embossed), BOX), (sum) => Math.trunc((sum + 4) / 9)); // rounded
}

const BOX = [1, 1, 1, 1, 1, 1, 1, 1, 1];
const EMBOSS = [-2, -1, 0, -1, 1, 1, 0, 1, 2];

/** Weighted sums of 3 x 3 pixels; the border is mirrored. */
function sums({ data, height, width }: Plane<ArrayLike<number>>, weights: readonly number[]): Float64Array {
  const out = new Float64Array(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < 9; k++) {
        const row = mirrored(y + Math.floor(k / 3) - 1, height);
        sum += weights[k] * data[row * width + mirrored(x + (k % 3) - 1, width)];
      }
      out[y * width + x] = sum;
    }
  return out;
}

/** OpenCV's equalizeHist. */
function equalized(plane: Uint8Array): Uint8Array {
  const counts = new Int32Array(256);
  for (const level of plane) counts[level]++;
  const first = counts.findIndex((count) => count > 0);
  if (counts[first] === plane.length) return plane;
  const scale = f(255 / (plane.length - counts[first]));
  const table = new Uint8Array(256);
  let below = 0;
  for (let level = first + 1; level < 256; level++) {
    below += counts[level];
    table[level] = Math.min(halfToEven(f(below * scale)), 255);
  }
  return plane.map((level) => table[level]);
}

function halfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function muddy(
  levels: ArrayLike<number>,
  { data, height, width }: Plane<Float64Array>,
  threshold: number,
  sigma: number,
): Float64Array {
  const drops = data.map((value) => (value > threshold ? 1 : 0));
  const mud = gaussianPlane(drops, height, width, [sigma, sigma], { single: true });
  return Float64Array.from(levels, (level, i) => {
    const share = mud[Math.floor(i / 3)];
    const m = share < f(0.8) ? 0 : share;
    const value = f(f(f(level) / 255) * f(1 - m)) + (MUD[i % 3] / 255) * m;
    return Math.min(Math.max(value, 0), 1) * 255;
  });
}
