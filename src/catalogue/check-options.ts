// Options by dotted path (`recipe.set`, `--cfg-options`): a path that nothing reads is an error, with the path that works.

import { DetLabError } from '../errors';
import { findConfigProblems } from './check-config';
import type { Registry } from './registry';
import { unreadKeys, usesOf } from './unread-keys';

type Options = Record<string, unknown>;

/**
 * @param paths of the options: `train_dataloader.batch_size`
 * @param before the config without the options
 * @param after the config with them
 * @throws DetLabError for paths that nothing reads. Types and values are checked when the config is used.
 */
export function checkOptions(paths: readonly string[], before: Options, after: Options, registry: Registry): void {
  if (paths.length === 0) return;
  const tops = new Set(paths.map((path) => path.split('.')[0]));
  const variables = unreadKeys(tops, after, before).flatMap(({ path: top, message }) =>
    paths.filter((path) => path === top || path.startsWith(`${top}.`)).map((path) => problemOf(path, before, message)),
  );
  const known = new Set(unknownKeys(before, registry).map(({ at }) => at));
  const unknown = unknownKeys(after, registry).filter(({ at }) => !known.has(at));
  const keys = paths.flatMap((path) =>
    unknown
      .filter(({ at }) => path === at || path.startsWith(`${at}.`) || at.startsWith(`${path}.`))
      .map(({ at, parent, meant, message }) => ({
        path,
        message: meant ? `${message} The path is ${[...parent, meant].join('.')}${path.slice(at.length)}` : message,
      })),
  );
  const problems = [...variables, ...keys];
  if (problems.length === 0) return;
  const lines = problems.map(({ path, message }) => `\n  ${path}: ${message}`);
  throw new DetLabError(`Cannot set ${problems.length === 1 ? 'this option' : 'these options'}:${lines.join('')}`);
}

/** The path that works, of an option inside a variable. */
function problemOf(path: string, before: Options, message: string): { path: string; message: string } {
  const [top, ...rest] = path.split('.');
  const places = usesOf(top, before[top], before);
  if (rest.length === 0 || places.length === 0) return { path, message };
  const works = places.map((place) => [place, ...rest].join('.')).slice(0, 4);
  return { path, message: `this sets a variable that nothing reads. Set ${works.join(', ')}` };
}

interface UnknownKey {
  /** Path with the key. */
  at: string;
  parent: string[];
  meant?: string;
  message: string;
}

function unknownKeys(config: Options, registry: Registry): UnknownKey[] {
  return findConfigProblems(config, registry).flatMap(({ path, key, message }): UnknownKey[] => {
    if (key === undefined || path === key) return [];
    const parent = path === '' ? [] : [path];
    const meant = /Did you mean "([^"]+)"\?$/.exec(message)?.[1];
    return [{ at: [...parent, key].join('.'), parent, meant, message }];
  });
}
