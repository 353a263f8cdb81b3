// The values of options: numbers in their ranges, names, files of a format. Commander reports a bad one with its option, before
// anything runs.

import { InvalidArgumentError } from 'commander';
import { didYouMean } from '../errors';
import type { ClassWeights } from '../lab/class-weights';
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

/** `--batch`: a number of images, or auto. */
export const batchSize = (text: string): number | 'auto' => {
  if (text === 'auto') return text;
  if (Number.isNaN(Number(text)))
    throw new InvalidArgumentError(`expected an integer >= 1 or auto.${didYouMean(text, ['auto'])}`);
  return count(text);
};

const RULES = ['balanced', 'sqrt'] as const;

/** `--class-weights`: a rule, weights by class name, or one for each label. */
export const classWeights = (text: string): ClassWeights => {
  const rule = RULES.find((name) => name === text);
  if (rule) return rule;
  const parts = text.split(',');
  const weight = (value: string): number => {
    const parsed = Number(value);
    if (value.trim() !== '' && parsed > 0 && Number.isFinite(parsed)) return parsed;
    throw new InvalidArgumentError(
      `expected balanced, sqrt, weights above 0 by class (car=2,person=0.5) or one for each label (2,0.5,1).${didYouMean(text, RULES)}`,
    );
  };
  if (!text.includes('=')) return parts.map(weight);
  return Object.fromEntries(
    parts.map((part) => {
      const equals = part.lastIndexOf('=');
      return [part.slice(0, Math.max(0, equals)), weight(part.slice(equals + 1))];
    }),
  );
};
