// The classes of a dataset: all categories of its files, or the selected ones in the given order.

import { DetLabError, didYouMean } from '../../errors';

/**
 * `selected` when given, else `available`.
 * @throws DetLabError for a selected class that is not available, with the nearest name.
 */
export function selectClasses(
  selected: readonly string[] | undefined,
  available: readonly string[],
  source: string,
): string[] {
  if (!selected) return [...available];
  if (selected.length === 0)
    throw new DetLabError(`Cannot load "${source}": expected at least one class, received none`);
  const known = new Set(available);
  for (const name of selected)
    if (!known.has(name))
      throw new DetLabError(
        `Cannot select class "${name}" of "${source}": no such class.${didYouMean(name, available)} Classes: ${available.join(', ') || 'none'}`,
      );
  if (new Set(selected).size !== selected.length)
    throw new DetLabError(`Cannot load "${source}": expected distinct classes, received ${selected.join(', ')}`);
  return [...selected];
}
