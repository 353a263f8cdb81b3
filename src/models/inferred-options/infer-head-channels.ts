// `in_channels` of a head, `out_channels` of a region extractor: taken from the features it reads, or checked against them.

import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';

/** @throws DetLabError naming both sides when levels differ among themselves or from what is given. */
export function inferHeadChannels(
  what: string,
  given: number | undefined,
  { inputs, path }: Pick<BuildContext, 'inputs' | 'path'>,
  option = 'in_channels',
): number {
  const found = inputs?.map((level) => level.channels);
  if (found && new Set(found).size > 1)
    throw new DetLabError(
      `Cannot attach ${what} at ${path}: expected feature levels of one number of channels, received ` +
        `[${found.join(', ')}]. Put a neck (FPN) between backbone and head`,
    );
  if (given === undefined && !found)
    throw new DetLabError(
      `Cannot build ${what} at ${path}: ${option} is neither given nor known from a neck. Give a number, for example 256`,
    );
  if (given !== undefined && found && given !== found[0])
    throw new DetLabError(
      `Cannot attach ${what} at ${path}: its ${option} is ${given}, but the features it reads have ${found[0]} ` +
        `channels. Leave ${option} out to take theirs`,
    );
  return given ?? found![0];
}
