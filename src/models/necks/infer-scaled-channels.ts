// Channels of a neck whose config has those of the largest model: taken from the backbone, or checked against it.

import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';

interface ScaledChannels {
  in_channels?: number[];
  widen_factor: number;
}

/**
 * `in_channels` before scaling by `width`.
 * @throws DetLabError where they are neither given nor known, or are not the backbone's.
 */
export function inferScaledChannels(
  type: string,
  o: ScaledChannels,
  { inputs, path }: BuildContext,
  width: (channels: number) => number,
): number[] {
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot build neck "${type}"${path ? ` at ${path}` : ''}: ${what}`);
  };
  const found = inputs?.map((level) => level.channels);
  const channels = o.in_channels ?? found?.map((count) => Math.round(count / o.widen_factor));
  if (!channels) return fail('in_channels is not given and there is no backbone to take it from');
  const scaled = channels.map(width);
  if (found && scaled.join() !== found.join())
    fail(
      `in_channels [${channels.join(', ')}] times widen_factor ${o.widen_factor} are [${scaled.join(', ')}], but the ` +
        `backbone gives [${found.join(', ')}]. Give both the same widen_factor, or leave in_channels out`,
    );
  return channels;
}

/** Strides of the levels: those of the inputs, or 8, 16, ... without any. */
export const levelStrides = (levels: number, inputs?: BuildContext['inputs']): number[] =>
  Array.from({ length: levels }, (_, i) => inputs?.[i]?.stride ?? 8 * 2 ** i);
