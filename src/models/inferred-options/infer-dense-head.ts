// Options that dense heads infer: `in_channels` from the neck, `num_classes` from the dataset.

import type { BuildContext } from '../../catalogue/registry';
import { inferHeadChannels } from './infer-head-channels';
import { inferNumClasses } from './infer-num-classes';

export const denseHeadInferred = {
  in_channels: "the neck's channels",
  num_classes: 'the classes of the dataset',
};

/** Fills both, or checks them. @throws DetLabError naming both sides where they differ */
export function inferDenseHead<O extends { in_channels?: number; num_classes?: number }>(
  type: string,
  given: O,
  context: BuildContext,
): O & { in_channels: number; num_classes: number } {
  return {
    ...given,
    in_channels: inferHeadChannels(type, given.in_channels, context),
    num_classes: inferNumClasses(type, given.num_classes, context),
  };
}
