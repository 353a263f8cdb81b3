// The data set that a method of a recipe or model is given, checked with its options: a promise, where `await` was forgotten, or none.

import { DetLabError, nameOfValue } from '../errors';
import { checkMethod, METHOD_OPTIONS, type MethodWithOptions } from './method-options';

const isDataset = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Array.isArray((value as { train?: { classes?: unknown } }).train?.classes);

/**
 * @throws DetLabError for what is no data set, and for options as `checkMethod`
 * @example checkDataMethod('Recipe.fit', await dataset.open('photos'), { epochs: 3 })
 */
export function checkDataMethod(method: MethodWithOptions, data: unknown, options: unknown): void {
  checkMethod(method, options);
  if (!isDataset(data)) {
    const received = data instanceof Promise ? 'a promise: await it' : nameOfValue(data);
    throw new DetLabError(
      `Cannot ${METHOD_OPTIONS[method].what}: expected a data set, such as await dataset.open('FOLDER'), received ${received}`,
    );
  }
}
