// In what the configs of several runs differ: one row per path, one value per run. Where two have modules of different types in
// one place, their types are the difference, and not all of their options.

import type { ConfigObject, ConfigValue } from '../config';
import { isObject } from '../config';

export interface ConfigDifference {
  path: string;
  /** JSON of each run's value; undefined where it has none. */
  values: (string | undefined)[];
}

/** Where it was written and how it logs says nothing of the result. */
const IGNORED = new Set(['work_dir', 'log_level', 'launcher', 'resume']);

/** Paths at which not all are equal, in the order of the configs; runs without a config are left out of it. */
export function configDifferences(configs: readonly (ConfigObject | undefined)[]): ConfigDifference[] {
  const known = [...configs.keys()].filter((i) => configs[i] !== undefined);
  if (known.length < 2) return [];
  const found = [
    ...differences(
      known.map((i) => configs[i]),
      '',
    ),
  ].filter(({ path }) => !IGNORED.has(path));
  return found.map(({ path, values }) => ({
    path,
    values: configs.map((_, i) => (known.includes(i) ? values[known.indexOf(i)] : undefined)),
  }));
}

type Values = readonly (ConfigValue | undefined)[];

function* differences(values: Values, path: string): Generator<ConfigDifference> {
  const known = values.filter((value) => value !== undefined);
  const texts = values.map((value) => (value === undefined ? undefined : JSON.stringify(value)));
  if (path !== '' && new Set(texts).size < 2) return;
  if (known.length > 0 && known.every(isObject)) {
    const types = new Set<ConfigValue | undefined>(known.map((value) => value.type));
    const isMissing = known.length < values.length && !types.has(undefined);
    if (types.size > 1 || isMissing) {
      yield { path: `${path}.type`, values: values.map((value) => JSON.stringify((value as ConfigObject)?.type)) };
      return;
    }
    for (const key of new Set(known.flatMap((value) => Object.keys(value))))
      yield* differences(
        values.map((value) => (value as ConfigObject | undefined)?.[key]),
        path === '' ? key : `${path}.${key}`,
      );
    return;
  }
  const lists = known.filter(Array.isArray) as ConfigValue[][];
  const alike = lists.length === values.length && new Set(lists.map((list) => list.length)).size === 1;
  if (alike && lists.every((list) => list.some(isObject))) {
    for (const [i] of lists[0].entries())
      yield* differences(
        lists.map((list) => list[i]),
        `${path}.${i}`,
      );
    return;
  }
  yield { path, values: texts };
}
