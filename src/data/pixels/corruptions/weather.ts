// Fog: a random cloud by the diamond-square algorithm over the image (Hendrycks and Dietterich, ICLR 2019).

import { clippedZoom, streaked } from './blur';
import { type FloatImage, mapValues, withValues } from './float-image';

const FOG = [
  [1.5, 2],
  [2, 2],
  [2.5, 1.7],
  [2.5, 1.5],
  [3, 1.4],
];

/** @param draw a uniform deviate from -low to low */
export function fog(image: FloatImage, severity: number, draw: (limit: number) => number): FloatImage {
  const [strength, decay] = FOG[severity - 1];
  const { data, height, width } = image;
  const side = 2 ** Math.ceil(Math.log2(Math.max(height, width, 3)));
  const cloud = plasma(side, decay, draw);
  const highest = data.reduce((a, b) => Math.max(a, b), 0);
  return mapValues(image, (value, i) => {
    const pixel = Math.floor(i / 3);
    const density = cloud[Math.floor(pixel / width) * side + (pixel % width)];
    return ((value + strength * density) * highest) / (highest + strength);
  });
}

/** Heights between 0 and 1 of a square that wraps around, in rows. */
export function plasma(side: number, decay: number, draw: (limit: number) => number): Float64Array {
  const map = new Float64Array(side * side);
  let wobble = 100;
  const at = (y: number, x: number) => map[((y + side) % side) * side + ((x + side) % side)];
  for (let step = side; step >= 2; step = step / 2) {
    const half = step / 2;
    const fill = (fromY: number, fromX: number, mean: (y: number, x: number) => number) => {
      for (let y = fromY; y < side; y += step)
        for (let x = fromX; x < side; x += step) map[y * side + x] = mean(y, x) / 4 + wobble * draw(wobble);
    };
    fill(
      half,
      half,
      (y, x) => at(y - half, x - half) + at(y + half, x - half) + at(y - half, x + half) + at(y + half, x + half),
    );
    fill(0, half, (y, x) => at(y + half, x) + at(y - half, x) + at(y, x - half) + at(y, x + half));
    fill(half, 0, (y, x) => at(y, x + half) + at(y, x - half) + at(y - half, x) + at(y + half, x));
    wobble /= decay;
  }
  const lowest = map.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const raised = map.map((value) => value - lowest);
  const highest = raised.reduce((a, b) => Math.max(a, b), 0);
  return raised.map((value) => value / highest);
}

/** Mean and deviation of the flakes, zoom, threshold, length and deviation of the streaks, share of the image. */
const SNOW = [
  [0.1, 0.3, 3, 0.5, 10, 4, 0.8],
  [0.2, 0.3, 2, 0.5, 12, 4, 0.7],
  [0.55, 0.3, 4, 0.9, 12, 8, 0.7],
  [0.55, 0.3, 4.5, 0.85, 12, 8, 0.65],
  [0.55, 0.3, 2.5, 0.85, 12, 12, 0.55],
];

/**
 * @param normal deviates of mean 0 and standard deviation 1, one per pixel
 * @param angle of the streaks in degrees, of the reference from -135 to -45
 */
export function snow(image: FloatImage, severity: number, normal: () => number, angle: number): FloatImage {
  const [mean, deviation, zoom, threshold, radius, sigma, share] = SNOW[severity - 1];
  const { data, height, width } = image;
  const flakes = new Float64Array(data.length);
  for (let i = 0; i < flakes.length; i += 3) flakes.fill(mean + deviation * normal(), i, i + 3);
  const zoomed = clippedZoom(withValues(image, flakes), zoom);
  const bright = mapValues(zoomed, (value) => (value < threshold ? 0 : value));
  const streaks = streaked(bright, radius, sigma, angle);
  const layer = (y: number, x: number) => Math.round(streaks.data[3 * (y * streaks.width + x)] * 255) / 255;
  return mapValues(image, (value, i) => {
    const pixel = Math.floor(i / 3);
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    const gray = 0.299 * data[3 * pixel] + 0.587 * data[3 * pixel + 1] + 0.114 * data[3 * pixel + 2];
    const veiled = share * value + (1 - share) * Math.max(value, gray * 1.5 + 0.5);
    return veiled + layer(y, x) + layer(height - 1 - y, width - 1 - x);
  });
}
