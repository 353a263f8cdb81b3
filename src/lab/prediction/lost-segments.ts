// Segments divide one image: there is no rule by which those of several views, tiles or models become one division, and no place for
// them in files of boxes.

import type { Detections } from '../../data';
import { DetLabError } from '../../errors';
import type { ImagePredictions } from './image-predictions';

/**
 * @param what cannot be done
 * @param option leads to it
 * @throws DetLabError where the detector divides the image into segments, or says the class of every pixel
 */
export function refuseSegments({ panoptic, semantic }: Detections, what: string, option: string): void {
  if (!panoptic && !semantic) return;
  const given = panoptic ? 'segments' : 'the class of every pixel';
  throw new DetLabError(
    `Cannot ${what}: boxes and masks are merged, and this model gives ${given} too, which would be lost. Leave out ${option}, or, of a ` +
      'MaskFormer or Mask2Former, set model.test_cfg to { panoptic_on: false, semantic_on: false, instance_on: true }',
  );
}

/** What holds boxes has the objects of a divided image, without the segments. @throws DetLabError where there are only segments */
export function sayWithoutSegments(
  list: readonly ImagePredictions[],
  what: string,
  target: string,
  form: string,
): void {
  const count = list.reduce((sum, { segments = [] }) => sum + segments.length, 0);
  if (count === 0) return;
  const instead =
    'Segments are in .jsonl, .json and .html, and are drawn in .png. CocoPanopticMetric with outfile_prefix writes panoptic results';
  if (list.every(({ length }) => length === 0))
    throw new DetLabError(
      `Cannot save ${what} as "${target}": ${form} are of boxes, and this model gives ${count} segments alone. ${instead}`,
    );
  console.error(`"${target}": ${form} are of boxes; ${count} segments are left out. ${instead}`);
}
