// The values of options: numbers in their ranges, names, files of a format. Commander reports a bad one with its option, before
// anything runs.

import { InvalidArgumentError } from 'commander';
import { didYouMean } from '../errors';
import { formatOf } from '../visualization/savable';

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number');
  return value;
}

const inRange = (expected: string, isInside: (value: number) => boolean) => (text: string) => {
  const value = number(text);
  if (!isInside(value)) throw new InvalidArgumentError(`expected ${expected}`);
  return value;
};

export const count = inRange('an integer >= 1', (value) => Number.isInteger(value) && value >= 1);
export const seed = inRange('an integer >= 0', (value) => Number.isInteger(value) && value >= 0);
export const rate = inRange('a number >= 0', (value) => value >= 0);
export const positive = inRange('a number above 0', (value) => value > 0);
export const share = inRange('a number from 0 to 1', (value) => value >= 0 && value <= 1);
/** A share that cannot be 0: an IoU, a precision. */
export const positiveShare = inRange('a number above 0, at most 1', (value) => value > 0 && value <= 1);

/** One of some names. */
export const oneOf =
  <T extends string>(...names: readonly T[]) =>
  (text: string): T => {
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(
      `expected ${names.map((name) => `'${name}'`).join(' or ')}.${didYouMean(text, names)}`,
    );
  };

/** A file that is written at the end, in the format of its extension. */
export const fileOf =
  (...formats: readonly string[]) =>
  (file: string): string => {
    try {
      formatOf('the result', formats, file);
      return file;
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
