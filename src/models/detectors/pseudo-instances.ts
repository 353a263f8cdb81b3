// What a teacher finds in images without labels, for its student to learn: taken from the view that the teacher sees to that of the
// student, and to the losses as ground truth.

import { takeInstances } from '../../data/instances';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { inverted, projectInto } from '../../geometry/projective-map';
import type { DetBatch } from '../types';

/** Of one image: boxes (xyxy), best first. */
export interface PseudoInstances {
  bboxes: Float32Array;
  labels: Int32Array;
  scores: Float32Array;
  /** How much the teacher's box moves with its proposal, relative to its sides. */
  uncertainties?: Float32Array;
}

export const pseudoInstancesOf = ({ bboxes, labels, scores }: Detections): PseudoInstances => ({
  bboxes,
  labels,
  scores,
});

/** Those whose number in a column is above a threshold. */
export const above = (all: PseudoInstances, threshold: number): PseudoInstances =>
  takeInstances(
    all,
    places(all, (i) => all.scores[i] > Math.fround(threshold)),
  );

/** Those whose boxes are surer than a threshold. */
export const surer = (all: PseudoInstances, threshold: number): PseudoInstances =>
  takeInstances(
    all,
    places(all, (i) => all.uncertainties![i] < Math.fround(threshold)),
  );

const places = ({ scores }: PseudoInstances, isKept: (i: number) => boolean): number[] =>
  [...scores.keys()].filter(isKept);

/** From the pixels of one view of an image to those of another, by way of the image itself; what is then too small is left out. */
export function acrossViews(
  all: PseudoInstances,
  from: ImageMeta,
  to: ImageMeta,
  [minWidth, minHeight]: readonly [number, number],
): PseudoInstances {
  const inImage = projectInto(all.bboxes, inverted(homographyOf(from)), from.oriShape);
  const bboxes = projectInto(inImage, homographyOf(to), to.imgShape);
  const kept = places(
    all,
    (i) => bboxes[4 * i + 2] - bboxes[4 * i] > minWidth && bboxes[4 * i + 3] - bboxes[4 * i + 1] > minHeight,
  );
  return takeInstances({ ...all, bboxes }, kept);
}

/** @throws DetLabError for a view of which it is not known where its pixels went */
export function homographyOf({ homography, imgPath }: ImageMeta): Float32Array {
  if (homography) return homography;
  throw new DetLabError(
    homography === null
      ? `Cannot find the boxes of the teacher in the student's view of "${imgPath}": a step of its pipeline moves pixels without a ` +
          'matrix that says where. Of those that do, use Resize, RandomFlip, RandomCrop, Rotate, Shear, Translate and RandomAffine'
      : `Cannot find the boxes of the teacher in the student's view of "${imgPath}": its pipeline does not say where its pixels went. ` +
          "Put 'homography_matrix' into meta_keys of its PackDetInputs",
  );
}

/** The batch with these instances as its ground truth. */
export const batchOf = (batch: DetBatch, instances: readonly PseudoInstances[]): DetBatch => ({
  ...batch,
  samples: batch.samples.map((sample, i) => {
    const { bboxes, labels } = instances[i];
    return { ...sample, truths: { bboxes, labels, ignored: new Uint8Array(labels.length) } };
  }),
});
