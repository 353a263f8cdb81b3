// Labels of ground truth that the model has no class for, found before anything of the batch is computed.

import type { PackedSample } from '../../data/types';
import { DetLabError } from '../../errors';

/**
 * @param classes number of classes of the model
 * @throws DetLabError naming the image, for a label that is none of the classes
 */
export function checkTruths(samples: readonly PackedSample[], classes: number): void {
  for (const { meta, truths } of samples.flatMap((sample) => [sample, ...(sample.clip?.others ?? [])])) {
    const at = truths.labels.findIndex((label) => label < 0 || label >= classes);
    if (at < 0) continue;
    throw new DetLabError(
      `Cannot train on "${meta.imgPath}": object ${at} has label ${truths.labels[at]}, expected 0 to ${classes - 1} for the ` +
        `${classes} classes of the model. Build the model with the classes of the data`,
    );
  }
}
