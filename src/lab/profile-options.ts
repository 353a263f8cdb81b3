// The options of profiles, by name and range: a slip is an error, never without effect.

import { z } from 'zod';
import { findProblems, problemLine } from '../catalogue/option-problems';
import { DetLabError, didYouMean, nameOfValue } from '../errors';

const positive = z.int().positive();
const precision = z.enum(['float32', 'bfloat16', 'float16']);

const SHAPES = {
  profile: { model: z.unknown(), name: z.string(), repeats: positive },
  detailed: { rows: positive, depth: z.int().nonnegative() },
  'Model.profile': { precision, repeats: positive },
  'Recipe.profile': {
    mode: z.enum(['predict', 'train']),
    amp: z.boolean(),
    batch: positive,
    imageSize: z.unknown(), // three forms, which setImageSize explains
    repeats: positive,
  },
} as const satisfies Record<string, z.core.$ZodLooseShape>;

/**
 * @throws DetLabError for an unknown option, with the nearest name, and for a value that it cannot have
 * @example checkProfileOptions('Recipe.profile', { mode: 'train' })
 */
export function checkProfileOptions(of: keyof typeof SHAPES, given: unknown): void {
  const names = Object.keys(SHAPES[of]);
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new DetLabError(
      `Cannot profile: expected options by name, { ${names[0]}: ... }, received ${nameOfValue(given)}`,
    );
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new DetLabError(
      `Cannot profile: unknown option "${unknown}"; expected ${names.join(', ')}.${didYouMean(unknown, names)}`,
    );
  const shape: z.core.$ZodLooseShape = SHAPES[of];
  const [problem] = findProblems(z.strictObject(shape).partial(), given, '');
  if (problem) throw new DetLabError(`Cannot profile: ${problemLine(problem)}`);
}
