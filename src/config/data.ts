// The data of a config, plain JSON values, and the limits of config files.

import { DetLabError } from '../errors';

/** A value of a config, which is data. */
export type ConfigValue = null | boolean | number | string | ConfigValue[] | ConfigObject;
/** A config, or a part of one: settings by name. */
export interface ConfigObject {
  [key: string]: ConfigValue;
}

/** Limits of one config, so that a malicious or damaged file causes an error. */
export const LIMITS = {
  /** Bytes of one file. */
  fileBytes: 1_000_000,
  /** Files that inherit from one another. */
  inheritance: 16,
  /** Files in one config. */
  files: 64,
  /** Values in one config, counted each time they are used. */
  nodes: 100_000,
  /** Nesting depth of brackets. */
  nesting: 100,
} as const;

export function isObject(value: unknown): value is ConfigObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A deep copy. */
export function cloneConfig<T extends ConfigValue>(value: T): T {
  if (Array.isArray(value)) return value.map(cloneConfig) as T;
  if (!isObject(value)) return value;
  const copy: ConfigObject = {};
  for (const [key, child] of Object.entries(value)) copy[key] = cloneConfig(child);
  return copy as T;
}

/** Number of values in `value`, itself included; shared parts count each time they are used. */
export function countNodes(value: ConfigValue): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, child) => sum + countNodes(child), 1);
  if (!isObject(value)) return 1;
  return Object.values(value).reduce<number>((sum, child) => sum + countNodes(child), 1);
}

/** @throws DetLabError for a key that would change an object's prototype. */
export function checkKey(key: string, where: string): void {
  if (key === '__proto__') throw new DetLabError(`Cannot use the key "__proto__" in a config (${where}): rename it`);
}
