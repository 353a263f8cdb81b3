// One level of a walk over a config with its schema: the options inside a value, each with the schema that it is checked by.

import type { z } from 'zod';
import { schemaStructure, structureOf } from './option-problems';
import { readOption } from './option-schema';

type Schema = z.core.$ZodType;

export interface ChildOption {
  schema: Schema;
  value: unknown;
  path: string;
}

/** The options directly inside `value`; of a union, those of the member that fits the value. */
export function* childOptions(schema: Schema, value: unknown, path: string): Generator<ChildOption> {
  if (value === undefined || value === null) return;
  const { def } = (readOption(schema).inner as z.core.$ZodTypes)._zod;
  const structure = structureOf(value);
  if (def.type === 'union') {
    const alike = def.options.filter((option) => schemaStructure(option) === structure);
    const fitting = alike.find((option) => (option as z.ZodType).safeParse(value).success) ?? alike[0];
    if (fitting) yield { schema: fitting, value, path };
  } else if (structure === 'object') {
    for (const [key, child] of Object.entries(value)) {
      const option = def.type === 'object' ? (def.shape as Record<string, Schema>)[key] : undefined;
      const below = option ?? (def.type === 'record' ? def.valueType : undefined);
      if (below) yield { schema: below, value: child, path: path ? `${path}.${key}` : key };
    }
  } else if (structure === 'list') {
    for (const [index, child] of (value as unknown[]).entries()) {
      const below = def.type === 'array' ? def.element : def.type === 'tuple' ? def.items[index] : undefined;
      if (below) yield { schema: below, value: child, path: `${path}.${index}` };
    }
  }
}
