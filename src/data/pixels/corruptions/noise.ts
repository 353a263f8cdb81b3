// Gaussian, shot, impulse and speckle noise (Hendrycks and Dietterich, ICLR 2019).

import type { Random } from '../../../random';
import { type FloatImage, mapValues, poisson } from './float-image';

/** Of each value, the deviates of the reference. */
export type NoiseDraw = (index: number, value: number) => number;

const GAUSSIAN = [0.08, 0.12, 0.18, 0.26, 0.38];
const SHOT = [60, 25, 12, 5, 3];
const IMPULSE = [0.03, 0.06, 0.09, 0.17, 0.27];
const SPECKLE = [0.15, 0.2, 0.35, 0.45, 0.6];

/** @param draw normal deviates of mean 0 and standard deviation 1 */
export const gaussianNoise = (image: FloatImage, severity: number, draw: NoiseDraw): FloatImage =>
  mapValues(image, (value, i) => value + GAUSSIAN[severity - 1] * draw(i, value));

/** @param draw Poisson deviates of mean value * photons */
export const shotNoise = (image: FloatImage, severity: number, draw: NoiseDraw): FloatImage =>
  mapValues(image, (value, i) => draw(i, value * SHOT[severity - 1]) / SHOT[severity - 1]);

/** @param draw two uniform deviates: whether a value is replaced, and by 1 (below a half) or 0 */
export function impulseNoise(
  image: FloatImage,
  severity: number,
  draw: (index: number) => readonly [replaced: number, salt: number],
): FloatImage {
  return mapValues(image, (value, i) => {
    const [replaced, salt] = draw(i);
    if (replaced > IMPULSE[severity - 1]) return value;
    return salt <= 0.5 ? 1 : 0;
  });
}

/** @param draw normal deviates of mean 0 and standard deviation 1 */
export const speckleNoise = (image: FloatImage, severity: number, draw: NoiseDraw): FloatImage =>
  mapValues(image, (value, i) => value + value * SPECKLE[severity - 1] * draw(i, value));

export const normalDraws =
  (random: Random): NoiseDraw =>
  () =>
    random.normal();
export const poissonDraws =
  (random: Random): NoiseDraw =>
  (_, mean) =>
    poisson(mean, random);
