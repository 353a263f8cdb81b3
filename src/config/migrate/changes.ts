// What is told of a translation: what became what, and what is left to be decided by hand.

import { didYouMean, nameOfValue } from '../../errors';
import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { mergeConfig } from '../merge';

export interface Change {
  /** Where it stood in the old config. */
  from: string;
  /** What it is now. */
  to: string;
}

/** What has no counterpart, or not one that can be written without knowing more. */
export interface Left {
  path: string;
  /** Why, and what to do. */
  advice: string;
}

export class Changes {
  readonly list: Change[] = [];
  readonly left: Left[] = [];

  note(from: string, to: string): void {
    if (!this.list.some((known) => known.from === from && known.to === to)) this.list.push({ from, to });
  }

  leave(path: string, advice: string): void {
    if (!this.left.some((known) => known.path === path && known.advice === advice)) this.left.push({ path, advice });
  }

  /** Says of `keys`, where they are given, that nothing is needed for them. */
  idle(given: ConfigObject, keys: readonly string[], path: string): void {
    for (const key of keys) if (given[key] !== undefined) this.note(`${path}.${key}`, 'nothing: 3.x has no use for it');
  }

  /** Names every key of `given` that is not among `known`, with the nearest that is. */
  strays(given: ConfigObject, known: readonly string[], path: string): void {
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

/** The objects of a list, or the one object there is. */
export const objectsIn = (value: ConfigValue | undefined): ConfigObject[] =>
  (Array.isArray(value) ? value : [value]).filter((item) => isObject(item));

/** Takes a key out of an object. */
export function take(config: ConfigObject, key: string): ConfigValue | undefined {
  const value = config[key];
  delete config[key];
  return value;
}

/** Takes an object out; what is there and is none is named. */
export function takeObject(config: ConfigObject, key: string, changes: Changes): ConfigObject | undefined {
  const value = take(config, key);
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return value;
  changes.leave(key, `expected dict(...), received ${nameOfValue(value)}`);
  return undefined;
}

/** Without the entries that are undefined. */
export const defined = (entries: Record<string, ConfigValue | undefined>): ConfigObject =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as ConfigObject;

/**
 * Sets what an old key says beside what a base of 3.x has said already: an object of the same type, or of none, changes
 * that one's values, anything else takes its place.
 */
export function layOver(config: ConfigObject, key: string, value: ConfigObject): void {
  const base = objectAt(config, key);
  const { _delete_: replaces, ...rest } = value;
  const same = value.type === undefined || value.type === base?.type;
  config[key] = base && same && replaces !== true ? mergeConfig(rest, base) : rest;
}
