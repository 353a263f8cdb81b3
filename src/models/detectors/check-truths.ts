// Ground truth that the model cannot learn, found before anything of the batch is computed: labels that it has no class for, boxes of
// another type than its own.

import type { PackedSample } from '../../data/types';
import { DetLabError } from '../../errors';

/**
 * @param classes number of classes of the model
 * @param rotated whether its boxes are rotated
 * @throws DetLabError naming the image, for a label that is none of the classes, and for upright boxes where rotated ones are needed,
 * or the other way around
 */
export function checkTruths(samples: readonly PackedSample[], classes: number, rotated = false): void {
  for (const { meta, truths } of samples.flatMap((sample) => [sample, ...(sample.clip?.others ?? [])])) {
    if (truths.labels.length > 0 && (truths.rboxes !== undefined) !== rotated)
      throw new DetLabError(
        rotated
          ? `Cannot train on "${meta.imgPath}": expected rotated boxes, received upright ones. Put ` +
              "{ type: 'LoadAnnotations', box_type: 'qbox' } and { type: 'ConvertBoxType', box_type_mapping: { gt_bboxes: 'rbox' } } " +
              'in the pipeline'
          : `Cannot train on "${meta.imgPath}": expected upright boxes, received rotated ones. Set box_type: 'hbox' in ` +
              'LoadAnnotations, or use a head of rotated boxes (RTMDetRotatedHead)',
      );
    const at = truths.labels.findIndex((label) => label < 0 || label >= classes);
    if (at < 0) continue;
    throw new DetLabError(
      `Cannot train on "${meta.imgPath}": object ${at} has label ${truths.labels[at]}, expected 0 to ${classes - 1} for the ` +
        `${classes} classes of the model. Build the model with the classes of the data`,
    );
  }
}
