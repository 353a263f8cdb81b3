// An option that configs of OpenMMLab's packages have and that nothing here acts on. It is read without an error; the start
// of a run and `detlab config check` name it, unless its value makes no difference.

import { z } from 'zod';
import { equalValues } from './equal-values';
import type { Ignored, OptionSchema } from './option-schema';

type Effect = Partial<Pick<Ignored, 'harmless' | 'lost'>>;

/**
 * @param why what happens instead, without a subject: 'workers always persist'
 * @param settings `schema` checks the value; any value by default
 * @example pin_memory: ignoredOption('there is no memory to pin', { harmless: [false] })
 */
export function ignoredOption(why: string, settings?: Effect): z.ZodOptional<z.ZodUnknown>;
export function ignoredOption<S extends z.ZodType>(why: string, settings: Effect & { schema: S }): S;
export function ignoredOption(
  why: string,
  { schema = z.unknown().optional(), harmless = [], lost = false }: Effect & { schema?: z.ZodType } = {},
): z.ZodType {
  const ignored: Ignored = { why, harmless, lost };
  return schema.describe(`Accepted, without effect: ${why}`).meta({ ignored });
}

/** For `harmless`: whatever is given, the outcome is the same. */
export const anyValue = (): boolean => true;

/** The mark of an option whose value is not acted on, or undefined where it is or makes no difference. */
export function ignoredValue({ ignored, default: standard }: OptionSchema, value: unknown): Ignored | undefined {
  if (ignored === undefined || value === undefined || value === null) return undefined;
  const { harmless } = ignored;
  const isHarmless = typeof harmless === 'function' ? harmless(value) : harmless.some((one) => equalValues(one, value));
  return isHarmless || equalValues(standard?.value, value) ? undefined : ignored;
}
