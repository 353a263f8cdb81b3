// The classes of a data set: all that the files name, or the chosen ones, in the order given.

import { DetLabError, didYouMean } from '../../errors';

/**
 * `chosen` when given, else `found`.
 * @throws DetLabError when a chosen class is not among those found, with the nearest name.
 */
export function chooseClasses(
  chosen: readonly string[] | undefined,
  found: readonly string[],
  where: string,
): string[] {
  if (!chosen) return [...found];
  if (chosen.length === 0) throw new DetLabError(`Cannot load "${where}": expected at least one class, received none`);
  const known = new Set(found);
  for (const name of chosen)
    if (!known.has(name))
      throw new DetLabError(
        `Cannot choose class "${name}" of "${where}": it is not there.${didYouMean(name, found)} Found: ${found.join(', ') || 'none'}`,
      );
  if (new Set(chosen).size !== chosen.length)
    throw new DetLabError(`Cannot load "${where}": expected distinct classes, received ${chosen.join(', ')}`);
  return [...chosen];
}
