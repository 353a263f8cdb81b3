// No option of what surrounds a model is taken in silence: one that nothing acts on is marked by `ignoredOption`, which names it where
// its value makes a difference.

import { expect, test } from 'vitest';
import type { z } from 'zod';
import type { Kind } from '../../src/catalogue/kinds';
import { readOption } from '../../src/catalogue/option-schema';
import { catalogue } from '../../src/lab/catalogue';

const KINDS: Kind[] = ['transform', 'dataset', 'metric', 'hook', 'visualizer', 'vis_backend', 'log_processor'];
const MORE: Kind[] = ['data_sampler', 'loop', 'param_scheduler', 'optimizer', 'optim_wrapper'];

/** Paths of the options, at any depth, that are said to be accepted and not marked. */
function silent(schema: z.core.$ZodType, path: string): string[] {
  const { inner, ignored, meaning = '' } = readOption(schema);
  if (ignored) return [];
  const { def } = (inner as z.core.$ZodTypes)._zod;
  const within =
    def.type === 'object'
      ? Object.entries(def.shape).flatMap(([key, option]) => silent(option, `${path}.${key}`))
      : def.type === 'array'
        ? silent(def.element, path)
        : def.type === 'union'
          ? def.options.flatMap((option) => silent(option, path))
          : [];
  return /^accepted|(without|no) effect/i.test(meaning) ? [path, ...within] : within;
}

test.each([...KINDS, ...MORE])('%s', (kind) => {
  const types = catalogue.types(kind);
  expect(types.length).toBeGreaterThan(0);
  expect(types.flatMap((type) => silent(catalogue.find(kind, type)!.options, type))).toEqual([]);
});
