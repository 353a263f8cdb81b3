// `num_classes` of a head: taken from the dataset, or checked against it.

import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';

/** @throws DetLabError when neither is known or both differ. */
export function inferNumClasses(
  what: string,
  given: number | undefined,
  { numClasses, path }: Pick<BuildContext, 'numClasses' | 'path'>,
): number {
  if (given === undefined && numClasses === undefined)
    throw new DetLabError(
      `Cannot build ${what} at ${path}: num_classes is neither given nor known from a dataset. Give a number, for example 80`,
    );
  if (given !== undefined && numClasses !== undefined && given !== numClasses)
    throw new DetLabError(
      `Cannot build ${what} at ${path}: its num_classes is ${given}, but the dataset has ${numClasses} classes. ` +
        'Leave num_classes out to take theirs',
    );
  return (given ?? numClasses)!;
}
