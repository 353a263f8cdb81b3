// The masks of the ground truth, which losses of masks ask for.

import { DetLabError } from '../errors';
import type { InstanceMasks } from '../masks';
import type { Instances } from './task-modules';
import type { DetBatch } from './types';

/** @throws DetLabError naming the image, where masks were not loaded */
export function requireMasks({ masks }: Instances, { samples }: DetBatch, i: number): InstanceMasks {
  if (masks) return masks;
  throw new DetLabError(
    `Cannot compute the mask loss on "${samples[i].meta.imgPath}": its masks were not loaded. Set with_mask to true in ` +
      'LoadAnnotations of the training pipeline',
  );
}
