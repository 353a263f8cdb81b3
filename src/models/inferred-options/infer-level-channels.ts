// `in_channels` of a head with layers per level: taken from the features it reads, or checked against them.

import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';

/** @throws DetLabError when neither is known, or naming both sides where they differ. */
export function inferLevelChannels(
  what: string,
  given: number[] | undefined,
  { inputs, path }: Pick<BuildContext, 'inputs' | 'path'>,
): number[] {
  const found = inputs?.map((level) => level.channels);
  if (given && found && given.join() !== found.join())
    throw new DetLabError(
      `Cannot attach ${what} at ${path}: its in_channels is [${given.join(', ')}], but the features it reads have ` +
        `[${found.join(', ')}] channels. Leave in_channels out to take theirs`,
    );
  const channels = given ?? found;
  if (channels) return channels;
  throw new DetLabError(`Cannot build ${what} at ${path}: in_channels is neither given nor known from a neck`);
}
