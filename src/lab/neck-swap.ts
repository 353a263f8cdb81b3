// What happens to the options when one neck takes the place of another: which were given, which taken over, which follow
// from the backbone, and which are still required.

import type { z } from 'zod';
import { readOption, shapeOf, typeText } from '../catalogue/option-schema';
import type { ModuleConfig, Registry } from '../catalogue/registry';
import type { ConfigObject, ConfigValue } from '../config';

/** Options that a new neck takes over from the one it replaces, where it has them and they are not given. */
const CARRIED = ['out_channels', 'num_outs'];

export interface NeckOption {
  name: string;
  /** It has no default and cannot be inferred. */
  required: boolean;
  /** Where its value comes from; `missing`: it is required and was not given. */
  origin: 'given' | 'taken over' | 'inferred' | 'missing' | 'default';
  /** The value as it would be typed, where there is one. */
  value?: string;
  /** Where it came from, or what it is for, in words. */
  words: string;
}

export interface NeckSwap {
  type: string;
  /** The neck it replaces, if any. */
  replaced?: string;
  config: ConfigObject;
  options: NeckOption[];
}

/**
 * @param before the necks it replaces, in the order they ran
 * @throws DetLabError for an unknown neck, with the nearest name
 */
export function swapNeck(before: readonly ConfigObject[], neck: ModuleConfig | string, registry: Registry): NeckSwap {
  const old: ConfigObject = Object.assign({}, ...before);
  const given = (typeof neck === 'string' ? { type: neck } : neck) as ConfigObject & { type: string };
  const definition = registry.get('neck', given.type, 'model.neck');
  const shape = shapeOf(definition.options) ?? {};
  const carried = CARRIED.filter(
    (key) => key in shape && key in old && !(key in given) && (shape[key] as z.ZodType).safeParse(old[key]).success,
  );
  const config: ConfigObject = { ...given, ...Object.fromEntries(carried.map((key) => [key, old[key]])) };
  const replaced = before.map(({ type }) => type).join(' and ') || undefined;
  const options = Object.entries(shape).map(([name, schema]): NeckOption => {
    const { required: needed, meaning = '', default: standard } = readOption(schema);
    const from = definition.inferred?.[name];
    const required = needed && from === undefined;
    if (name in given) return { name, required, origin: 'given', value: typed(given[name]), words: meaning };
    if (carried.includes(name))
      return {
        name,
        required,
        origin: 'taken over',
        value: typed(old[name]),
        words: `taken over from ${replaced ?? 'the old neck'}`,
      };
    if (from !== undefined) return { name, required, origin: 'inferred', words: `inferred from ${from}` };
    if (required) return { name, required, origin: 'missing', words: `required: give ${typeText(schema)}. ${meaning}` };
    return {
      name,
      required,
      origin: 'default',
      value: standard ? typed(standard.value as ConfigValue) : undefined,
      words: meaning,
    };
  });
  return { type: given.type, replaced, config, options };
}

const typed = (value: ConfigValue): string => JSON.stringify(value)?.replaceAll('"', "'") ?? 'undefined';

/** The swap in lines: everything but untouched defaults, what is missing first. */
export function swapLines({ type, replaced, options }: NeckSwap): string[] {
  const order = ['missing', 'given', 'taken over', 'inferred'];
  const changed = options
    .filter(({ origin }) => origin !== 'default')
    .sort((a, b) => order.indexOf(a.origin) - order.indexOf(b.origin));
  const defaults = options.filter(({ origin }) => origin === 'default').map(({ name }) => name);
  return [
    `neck ${type}${replaced ? ` in place of ${replaced}` : ''}:`,
    ...changed.map(({ name, origin, value, words }) =>
      origin === 'given'
        ? `  ${name}: ${value}, given`
        : `  ${name}: ${value === undefined ? words : `${value}, ${words}`}`,
    ),
    ...(defaults.length > 0 ? [`  at their defaults: ${defaults.join(', ')}`] : []),
  ];
}
