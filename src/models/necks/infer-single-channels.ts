// `in_channels` of a neck that takes one number: the channels all levels share, or those of the coarsest level.

import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { inferInChannels } from './infer-in-channels';

/** @throws DetLabError naming both sides when the config and the features disagree. */
export function inferSingleChannels<O extends { in_channels?: number }>(
  type: string,
  options: O,
  { inputs, path }: Pick<BuildContext, 'inputs' | 'path'>,
  from: 'all' | 'last',
): O & { in_channels: number } {
  const given = options.in_channels;
  if (!inputs) {
    if (given === undefined) inferInChannels(type, {}, { path });
    return { ...options, in_channels: given! };
  }
  const found = inputs.map((level) => level.channels);
  const last = found[found.length - 1];
  const where = `neck "${type}"${path ? ` at ${path}` : ''}`;
  if (from === 'all' && new Set(found).size > 1)
    throw new DetLabError(
      `Cannot attach ${where}: expected feature levels of one number of channels, received [${found.join(', ')}]. ` +
        `Put a FPN before it: neck: [{ type: 'FPN', ... }, { type: '${type}', ... }]`,
    );
  if (given !== undefined && given !== last)
    throw new DetLabError(
      `Cannot attach ${where}: in_channels ${given} but ` +
        `${from === 'last' ? 'the coarsest level before it has' : 'the levels before it have'} ${last} channels. ` +
        'Leave in_channels out to take them from there',
    );
  return { ...options, in_channels: last };
}

/** Refuses a number of levels other than the one a neck is made for. */
export function expectLevels(type: string, path: string, expected: number, received: number, why: string): void {
  if (expected !== received)
    throw new DetLabError(
      `Cannot build neck "${type}"${path ? ` at ${path}` : ''}: expected ${expected} ${why}, received ${received}`,
    );
}
