// Top-level keys of a config that nothing reads: misspelt ones, and variables whose value is used nowhere. A config in Python
// may have any variables: `train_pipeline = [...]` counts where the same value is part of `train_dataloader`.

import { isTypo, nearest } from '../errors';
import { TOP_KEYS } from './config-schema';
import { equalValues } from './equal-values';
import type { OptionProblem } from './option-problems';

type Options = Record<string, unknown>;

/** Keys that other programs read. */
const FOREIGN = ['codebase_config', 'backend_config', 'onnx_config', 'calib_config', 'ir_config'];
const isRead = (key: string): boolean => TOP_KEYS.includes(key) || FOREIGN.includes(key);
const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Paths under the keys that are read where `value` is; of a number or boolean, only under the same name. */
export function usesOf(name: string, value: unknown, config: Options): string[] {
  if (value === undefined || value === null || value === '' || (isContainer(value) && Object.keys(value).length === 0))
    return [];
  const paths: string[] = [];
  const walk = (at: unknown, path: string, key: string): void => {
    const matches = isContainer(value) || typeof value === 'string' || key === name;
    if (matches && equalValues(at, value)) paths.push(path);
    else if (isContainer(at)) for (const [child, below] of Object.entries(at)) walk(below, `${path}.${child}`, child);
  };
  for (const key of TOP_KEYS) if (key in config) walk(config[key], key, key);
  return paths;
}

/** Paths under the keys that are read whose last part is such a name. */
function placesOf(isName: (key: string) => boolean, config: Options): string[] {
  const paths: string[] = [];
  const walk = (at: unknown, path: string): void => {
    if (!isContainer(at)) return;
    for (const [key, below] of Object.entries(at)) {
      if (isName(key)) paths.push(`${path}.${key}`);
      walk(below, `${path}.${key}`);
    }
  };
  for (const key of TOP_KEYS) if (key in config) walk(config[key], key);
  return paths;
}

/** Keys that are a typing error of one that is read, and whose value is part of no other. */
export function misspeltKeys(config: Options): OptionProblem[] {
  return Object.entries(config).flatMap(([key, value]): OptionProblem[] => {
    if (isRead(key) || value === null || usesOf(key, value, config).length > 0) return [];
    const meant = TOP_KEYS.find((known) => isTypo(key, known));
    return meant ? [{ path: key, key, message: `this key is not read. Did you mean "${meant}"?` }] : [];
  });
}

/**
 * Variables that were changed without effect: other parts of the config have their former value.
 * @param keys those that were changed
 * @param former the values before
 */
export function unreadVariables(keys: Iterable<string>, config: Options, former: Options): OptionProblem[] {
  return [...keys].flatMap((key): OptionProblem[] => {
    const value = config[key];
    if (isRead(key) || equalValues(value, former[key]) || usesOf(key, value, config).length > 0) return [];
    const places = usesOf(key, former[key], config);
    return places.length > 0 ? [{ path: key, key, message: `${UNREAD}. Set ${list(places)}` }] : [];
  });
}

/** Keys that were set and are neither read nor part of a key that is, each with what to set instead. */
export function unreadKeys(keys: Iterable<string>, config: Options, former: Options = {}): OptionProblem[] {
  return [...keys].flatMap((key): OptionProblem[] => {
    if (isRead(key) || usesOf(key, config[key], config).length > 0) return [];
    const uses = usesOf(key, former[key], config);
    const meant = nearest(key, TOP_KEYS);
    const places = uses.length > 0 || meant ? uses : placesOf((name) => name === key, config);
    const near = [meant ?? []].flat().concat(placesOf((name) => isTypo(key, name), config));
    const advice =
      places.length > 0 ? `. Set ${list(places)}` : near.length > 0 ? `. Did you mean "${list(near)}"?` : '';
    return [{ path: key, key, message: `${UNREAD}${advice}` }];
  });
}

const UNREAD = 'this sets a variable that nothing reads';
const SHOWN = 4;
const list = (paths: readonly string[]): string =>
  paths.length > SHOWN ? `${paths.slice(0, SHOWN).join(', ')} and ${paths.length - SHOWN} more` : paths.join(', ');
