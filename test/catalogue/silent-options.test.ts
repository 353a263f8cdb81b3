// No option is taken in silence: one that nothing acts on is marked by `ignoredOption`, which names it where its value makes a
// difference.

import { expect, test } from 'vitest';
import type { z } from 'zod';
import { configSchema } from '../../src/catalogue/config-schema';
import { KINDS } from '../../src/catalogue/kinds';
import { readOption } from '../../src/catalogue/option-schema';
import { catalogue } from '../../src/lab/catalogue';

/** Paths of the options, at any depth, that are said to be accepted and not marked. */
function silent(schema: z.core.$ZodType, path: string): string[] {
  const { inner, ignored, meaning = '' } = readOption(schema);
  if (ignored) return [];
  const isSilent = /^(accepted|taken for)\b|(without|no) effect|(?<!Only .*)\b(not|never) (read|used)\b|'s sake/i.test(
    meaning,
  );
  return [...(isSilent ? [path] : []), ...within(inner as z.core.$ZodTypes, path)];
}

function within({ _zod: { def } }: z.core.$ZodTypes, path: string): string[] {
  switch (def.type) {
    case 'object':
      return Object.entries(def.shape).flatMap(([key, option]) => silent(option, `${path}.${key}`));
    case 'array':
      return silent(def.element, path);
    case 'tuple':
      return def.items.flatMap((item) => silent(item, path));
    case 'record':
      return silent(def.valueType, path);
    case 'union':
      return def.options.flatMap((option) => silent(option, path));
    default:
      return [];
  }
}

test.each(KINDS)('%s', (kind) => {
  const found = catalogue.types(kind).flatMap((type) => silent(catalogue.find(kind, type)!.options, type));
  expect([...new Set(found)]).toEqual([]);
});

test('the keys of a config', () => {
  expect(silent(configSchema, 'config')).toEqual([]);
});
