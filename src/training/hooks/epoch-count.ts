// An option of a hook that counts epochs of the whole run. `fit({ epochs })` scales it with the run, as it does schedules.

import { globalRegistry, z } from 'zod';
import { readOption, shapeOf } from '../../catalogue/option-schema';

/** @param min what scaling never goes below */
export const epochCount = (min: 0 | 1 = 0) =>
  (min === 0 ? z.int().nonnegative() : z.int().positive()).meta({ epochs: { min } });

/**
 * A hook's config for a run of `epochs` in place of `configured`.
 * @param schema the options of its definition
 */
export function scaleEpochs<Config extends Record<string, unknown>>(
  config: Config,
  schema: z.ZodType,
  epochs: number,
  configured: number,
): Config {
  if (epochs === configured) return config;
  const scaled: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(shapeOf(schema) ?? {})) {
    const meta = globalRegistry.get(readOption(option).inner) as { epochs?: { min: number } } | undefined;
    const given = config[name];
    if (meta?.epochs && typeof given === 'number')
      scaled[name] = Math.max(Math.floor((given * epochs) / configured), meta.epochs.min);
  }
  return { ...config, ...scaled };
}
