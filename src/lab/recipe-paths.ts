// The paths of one recipe, for completion in a notebook: those of its config and those of the modules of its detector.

import { type ConfigValue, isObject } from '../config';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';

/** Dotted paths of all values of a config; a number is a list index. */
export function configPaths(value: ConfigValue, path = ''): string[] {
  const entries = Array.isArray(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : [];
  // of a list of numbers or names nobody sets one
  if (Array.isArray(value) && !value.some(isObject)) return [];
  return entries.flatMap(([key, below]) => {
    const at = path ? `${path}.${key}` : String(key);
    return [at, ...configPaths(below, at)];
  });
}

const built = new WeakMap<RecipeSpec, Promise<string[]>>();

/** Paths of the modules of a recipe's detector, which is built without weights for it, once. */
export function modulePaths(spec: RecipeSpec): Promise<string[]> {
  let paths = built.get(spec);
  if (!paths) built.set(spec, (paths = build(spec)));
  return paths;
}

async function build(spec: RecipeSpec): Promise<string[]> {
  const detector = await buildModel(spec, resolveClasses(spec), undefined, () => {}, { withoutEngine: true });
  try {
    return [...detector.modules()].map(([path]) => path).filter((path) => path !== '');
  } finally {
    detector.dispose();
  }
}
