// The list of what became what while a config is translated.

import { type ConfigObject, type ConfigValue, isObject } from '../data';

export interface Change {
  /** Where it stood in the old config. */
  from: string;
  /** What it is now. */
  to: string;
}

export class Changes {
  readonly list: Change[] = [];
  note(from: string, to: string): void {
    if (!this.list.some((known) => known.from === from && known.to === to)) this.list.push({ from, to });
  }
}

export const objectAt = (config: ConfigObject, key: string): ConfigObject | undefined => {
  const value = config[key];
  return isObject(value) ? value : undefined;
};

/** Takes a key out of an object. */
export function take(config: ConfigObject, key: string): ConfigValue | undefined {
  const value = config[key];
  delete config[key];
  return value;
}

/** Without the entries that are undefined. */
export const defined = (entries: Record<string, ConfigValue | undefined>): ConfigObject =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as ConfigObject;
