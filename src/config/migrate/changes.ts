// The report of a translation: the changes, and what must be changed by hand.

import { didYouMean, nameOfValue } from '../../errors';
import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { mergeConfig } from '../merge';

export interface Change {
  /** Path in the old config. */
  from: string;
  /** Its replacement. */
  to: string;
  /** Of a config of 3.x: what its user is told. */
  notice?: string;
}

/** An option without an unambiguous counterpart. */
export interface Left {
  path: string;
  /** Why, and what to do. */
  advice: string;
}

export class Changes {
  readonly list: Change[] = [];
  readonly left: Left[] = [];

  note(from: string, to: string, notice?: string): void {
    if (this.list.some((known) => known.from === from && known.to === to)) return;
    this.list.push({ from, to, ...(notice && { notice }) });
  }

  leave(path: string, advice: string): void {
    if (!this.left.some((known) => known.path === path && known.advice === advice)) this.left.push({ path, advice });
  }

  /** Notes that the `keys` that are given have no effect in 3.x. */
  idle(given: ConfigObject, keys: readonly string[], path: string): void {
    for (const key of keys) if (given[key] !== undefined) this.note(`${path}.${key}`, 'dropped: 3.x does not need it');
  }

  /** Reports every key of `given` that is not in `known`, with the nearest known one. */
  unknownKeys(given: ConfigObject, known: readonly string[], path: string): void {
    for (const key of Object.keys(given))
      if (!known.includes(key))
        this.leave(
          `${path}.${key}`,
          `not a key of MMDetection 2.x.${didYouMean(key, known) || ` Known: ${known.filter((name) => !name.startsWith('_')).join(', ')}`}`,
        );
  }
}

export const objectAt = (config: ConfigObject, key: string): ConfigObject | undefined => {
  const value = config[key];
  return isObject(value) ? value : undefined;
};

/** The objects of a list, or a single object as a list. */
export const objectsIn = (value: ConfigValue | undefined): ConfigObject[] =>
  (Array.isArray(value) ? value : [value]).filter((item) => isObject(item));

/** Removes a key from an object and returns its value. */
export function take(config: ConfigObject, key: string): ConfigValue | undefined {
  const value = config[key];
  delete config[key];
  return value;
}

/** Removes an object and returns it; reports a value that is not an object. */
export function takeObject(config: ConfigObject, key: string, changes: Changes): ConfigObject | undefined {
  const value = take(config, key);
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return value;
  changes.leave(key, `expected dict(...), received ${nameOfValue(value)}`);
  return undefined;
}

/** The entries that are defined. */
export const defined = (entries: Record<string, ConfigValue | undefined>): ConfigObject =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as ConfigObject;

/**
 * Sets the translation of an old key over the value of a 3.x base: an object of the same type, or without one, is merged
 * into it, anything else replaces it.
 */
export function layOver(config: ConfigObject, key: string, value: ConfigObject): void {
  const base = objectAt(config, key);
  const { _delete_: replaces, ...rest } = value;
  const same = value.type === undefined || value.type === base?.type;
  config[key] = base && same && replaces !== true ? mergeConfig(rest, base) : rest;
}
