// Checks the options of a call against their schema: a slip in a name, or a value that cannot be meant, is an error and never
// without effect.

import { z } from 'zod';
import { DetLabError, didYouMean, nameOfValue, nearest } from '../errors';
import { findProblems, problemLine } from './option-problems';

/** What a call does, in words after `Cannot`, and its options by name. */
export interface CallOptions {
  what: string;
  options: z.ZodObject;
}

/**
 * @throws DetLabError naming the option, what was expected and received, and the nearest name of an unknown one
 * @example checkCall({ what: 'show batches', options: z.strictObject({ count: z.int() }).partial() }, { count: 3 })
 */
export function checkCall({ what, options }: CallOptions, given: unknown): void {
  if (given === undefined) return;
  const names = Object.keys(options.shape);
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new DetLabError(
      `Cannot ${what}: expected options by name, { ${names[0]}: ... }, received ${nameOfValue(given)}`,
    );
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const longer = names.find((name) => name.startsWith(unknown) || unknown.startsWith(name));
    const meant =
      nearest(unknown, names) === undefined && longer ? ` Did you mean "${longer}"?` : didYouMean(unknown, names);
    throw new DetLabError(`Cannot ${what}: unknown option "${unknown}"; expected ${names.join(', ')}.${meant}`);
  }
  const [problem] = findProblems(options, given, '');
  if (problem) throw new DetLabError(`Cannot ${what}: ${problemLine(problem)}`);
}

/** A function, of which no more can be checked. */
export const callback = z.custom<(...args: never[]) => unknown>(
  (value) => typeof value === 'function',
  'expected a function',
);

export const abortSignal = z.custom<AbortSignal>(
  (value) => typeof value === 'object' && value !== null && 'aborted' in value,
  'expected an AbortSignal, such as new AbortController().signal',
);
