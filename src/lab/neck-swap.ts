// Replaces a neck by another and determines the origin of each option: given, carried over from the old neck, inferred from
// the backbone, missing or default.

import type { z } from 'zod';
import { readOption, shapeOf, typeText } from '../catalogue/option-schema';
import type { ModuleConfig, Registry } from '../catalogue/registry';
import type { ConfigObject, ConfigValue } from '../config';

/** Options that the new neck inherits from the one it replaces, unless given. */
const CARRIED = ['out_channels', 'num_outs'];

export interface NeckOption {
  name: string;
  /** True when it has no default and cannot be inferred. */
  required: boolean;
  /** The origin of its value; `missing`: required, but not given. */
  origin: 'given' | 'carried over' | 'inferred' | 'missing' | 'default';
  /** The value as config text. */
  value?: string;
  /** The origin or meaning, as text for the user. */
  explanation: string;
}

export interface NeckSwap {
  type: string;
  /** The neck it replaces, if any. */
  replaced?: string;
  config: ConfigObject;
  options: NeckOption[];
}

/**
 * @param before the necks it replaces, in order
 * @param path of the neck in the config, for messages
 * @throws DetLabError for an unknown neck, with the nearest name
 */
export function swapNeck(
  before: readonly ConfigObject[],
  neck: ModuleConfig | string,
  registry: Registry,
  path = 'model.neck',
): NeckSwap {
  const old: ConfigObject = Object.assign({}, ...before);
  const given = (typeof neck === 'string' ? { type: neck } : neck) as ConfigObject & { type: string };
  const definition = registry.get('neck', given.type, path);
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
    if (name in given) return { name, required, origin: 'given', value: configText(given[name]), explanation: meaning };
    if (carried.includes(name))
      return {
        name,
        required,
        origin: 'carried over',
        value: configText(old[name]),
        explanation: `carried over from ${replaced ?? 'the old neck'}`,
      };
    if (from !== undefined) return { name, required, origin: 'inferred', explanation: `inferred from ${from}` };
    if (required)
      return { name, required, origin: 'missing', explanation: `required: ${typeText(schema)}. ${meaning}` };
    return {
      name,
      required,
      origin: 'default',
      value: standard ? configText(standard.value as ConfigValue) : undefined,
      explanation: meaning,
    };
  });
  return { type: given.type, replaced, config, options };
}

const configText = (value: ConfigValue): string => JSON.stringify(value)?.replaceAll('"', "'") ?? 'undefined';

/** Lines for the user: all options but those at their defaults, missing ones first. */
export function swapLines({ type, replaced, options }: NeckSwap): string[] {
  const order = ['missing', 'given', 'carried over', 'inferred'];
  const changed = options
    .filter(({ origin }) => origin !== 'default')
    .sort((a, b) => order.indexOf(a.origin) - order.indexOf(b.origin));
  const defaults = options.filter(({ origin }) => origin === 'default').map(({ name }) => name);
  return [
    `neck ${type}${replaced ? ` replaces ${replaced}` : ''}:`,
    ...changed.map(({ name, origin, value, explanation }) =>
      origin === 'given'
        ? `  ${name}: ${value}, given`
        : `  ${name}: ${value === undefined ? explanation : `${value}, ${explanation}`}`,
    ),
    ...(defaults.length > 0 ? [`  at their defaults: ${defaults.join(', ')}`] : []),
  ];
}
