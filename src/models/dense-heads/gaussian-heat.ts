// Heat maps of keypoints: a Gaussian around each, as wide as a corner may move until the IoU of the box falls to a minimum (Law and
// Deng, CornerNet, ECCV 2018). Plain arrays, [H, W, C].

/** Values below are 0. */
const SMALLEST = 2 ** -23;

/** Radius in cells for a box of `height` x `width` cells. */
export function gaussianRadius(height: number, width: number, minOverlap: number): number {
  // both corners outside, both inside, one of each: the smaller root of a quadratic in each case
  const [sum, area] = [height + width, height * width];
  const outside = (sum - Math.sqrt(sum ** 2 - (4 * area * (1 - minOverlap)) / (1 + minOverlap))) / 2;
  const inside = (2 * sum - Math.sqrt(4 * sum ** 2 - 16 * (1 - minOverlap) * area)) / 8;
  const a = 4 * minOverlap;
  const b = -2 * minOverlap * sum;
  const across = (b + Math.sqrt(b ** 2 - 4 * a * (minOverlap - 1) * area)) / (2 * a);
  return Math.min(outside, inside, across);
}

/** Raises one class of `heat` around cell (x, y), up to 1 there. */
export function addGaussian(
  heat: Float32Array,
  [height, width, classes]: readonly [height: number, width: number, classes: number],
  [x, y, label]: readonly [x: number, y: number, label: number],
  radius: number,
): void {
  const sigma = (2 * radius + 1) / 6;
  for (let i = Math.max(y - radius, 0); i <= Math.min(y + radius, height - 1); i++)
    for (let j = Math.max(x - radius, 0); j <= Math.min(x + radius, width - 1); j++) {
      const value = Math.exp(-((j - x) ** 2 + (i - y) ** 2) / (2 * sigma * sigma));
      const at = (i * width + j) * classes + label;
      if (value >= SMALLEST && value > heat[at]) heat[at] = value;
    }
}
