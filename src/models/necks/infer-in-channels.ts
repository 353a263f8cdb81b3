// `in_channels` of a neck: taken from the backbone, or checked against it when given.

import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';

const list = (channels: number[]) => `[${channels.join(', ')}]`;

/** @throws DetLabError naming both sides when the config and the backbone disagree. */
export function inferInChannels<O extends { in_channels?: number[] }>(
  type: string,
  options: O,
  { inputs, path }: Pick<BuildContext, 'inputs' | 'path'>,
): O & { in_channels: number[] } {
  const given = options.in_channels;
  const found = inputs?.map((level) => level.channels);
  if (!given && !found)
    throw new DetLabError(
      `Cannot build neck "${type}"${path ? ` at ${path}` : ''}: in_channels is not given and there is no backbone to take ` +
        'it from. Give one number per feature level, for example [256, 512, 1024, 2048]',
    );
  if (given && found && given.join() !== found.join())
    throw new DetLabError(
      `Cannot attach neck "${type}" to its backbone: ` +
        (given.length === found.length
          ? `in_channels ${list(given)} but the backbone gives ${list(found)}. Leave in_channels out to take them from it`
          : `expected ${given.length} feature levels (in_channels ${list(given)}), received ${found.length} (${list(found)}). ` +
            "Leave in_channels out, or change the backbone's out_indices"),
    );
  return { ...options, in_channels: (given ?? found)! };
}
