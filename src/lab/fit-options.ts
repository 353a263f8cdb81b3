// Checks the options of `fit` by name and type, for callers without type checks: a slip is an error, never without effect.

import { DetLabError, didYouMean, nameOfValue } from '../errors';
import type { FitOptions } from './plan';

/** What `typeof` says of each option; `any` where the option has several types and is checked where it is used. */
const TYPES = {
  epochs: 'number',
  lr: 'number',
  scaleLr: 'boolean',
  batch: 'number',
  imageSize: 'any',
  amp: 'boolean',
  seed: 'number',
  workDir: 'any',
  resume: 'boolean',
  loadFrom: 'string',
  checkpoint: 'object',
  evaluateEvery: 'number',
  valLoss: 'boolean',
  patience: 'any',
  watch: 'any',
  logInterval: 'number',
  workers: 'number',
  signal: 'object',
  log: 'function',
  onStep: 'function',
  onRecord: 'function',
} as const satisfies Record<keyof FitOptions, string>;

/**
 * @throws DetLabError for an unknown option, with the nearest name, and for one of another type
 * @example checkFitOptions({ epochs: 3 })
 */
export function checkFitOptions(options: FitOptions): void {
  const names = Object.keys(TYPES);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(TYPES, name))
      throw new DetLabError(
        `Cannot train: unknown option "${name}"; expected ${names.join(', ')}.${didYouMean(name, names)}`,
      );
    const type = TYPES[name as keyof FitOptions];
    if (value === undefined || type === 'any' || (typeof value === type && value !== null)) continue;
    throw new DetLabError(
      `Cannot train: ${name}: expected ${type === 'object' ? 'an' : 'a'} ${type}, received ${nameOfValue(value)}`,
    );
  }
}
