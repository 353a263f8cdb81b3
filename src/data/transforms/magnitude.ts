// How the transforms of AutoAugment and RandAugment draw how strongly they act: by a level of 0 to 10 or at random.

import { z } from 'zod';
import { roundHalfEven } from '../../geometry/round-half-even';
import type { Random } from '../../random';

const MAX_LEVEL = 10;

/** The options of magnitude: its default range, and the range that is allowed. */
export const magnitudeOptions = ([min, max]: readonly [number, number], [low, high]: readonly [number, number]) => {
  const magnitude = z.number().min(low).max(high);
  return {
    prob: z.number().min(0).max(1).default(1).describe('Probability'),
    level: z
      .int()
      .min(0)
      .max(MAX_LEVEL)
      .nullish()
      .describe('Strength between min_mag at 0 and max_mag at 10; default: random'),
    min_mag: magnitude.default(min).describe('Magnitude of level 0'),
    max_mag: magnitude.default(max).describe('Magnitude of level 10'),
  };
};

interface Magnitude {
  level?: number | null;
  min_mag: number;
  max_mag: number;
}

/** `min_mag` is not above `max_mag`. */
export const ordered = ({ min_mag, max_mag }: Magnitude): boolean => min_mag <= max_mag;
export const ORDERED = 'expected min_mag <= max_mag';

/** A magnitude, rounded to one decimal. */
export function drawMagnitude({ level, min_mag, max_mag }: Magnitude, random: Random): number {
  const share = level == null ? random.uniform() : level / MAX_LEVEL;
  return toTenths(share * (max_mag - min_mag) + min_mag);
}

/** Python's round(value, 1): the nearest, of two the even one. */
function toTenths(value: number): number {
  const tie = Number.isInteger(4 * value) && !Number.isInteger(2 * value);
  return tie ? roundHalfEven(10 * value) / 10 : Number(value.toFixed(1));
}
