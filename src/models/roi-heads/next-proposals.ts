// From one stage of a cascade to the next: RoIs are moved by the deltas of one class each.

import * as tf from '@tensorflow/tfjs';
import { takeBoxes } from '../../geometry/boxes';
import { bestClass } from '../../ops/best-class';
import type { DetBatch } from '../types';
import type { StageResult } from './bbox-stage';
import { unpermute } from './rois';
import type { BoxHead } from './types';

/** The best foreground class of each of `count` RoIs. */
function bestClasses({ numClasses, probabilities }: BoxHead, scores: Float32Array, count: number): Int32Array {
  const likely =
    probabilities && count > 0
      ? probabilities(tf.tensor2d(scores, [count, scores.length / count])).dataSync<'float32'>()
      : scores;
  return bestClass(likely, numClasses + 1, numClasses).labels;
}

/** In prediction: the RoIs of each image, moved by the deltas of their best class. */
export function refineBoxes(
  head: BoxHead,
  boxes: readonly Float32Array[],
  { scores, deltas }: { scores: Float32Array; deltas: Float32Array },
  batch: DetBatch,
): Float32Array[] {
  const count = boxes.reduce((sum, ofImage) => sum + ofImage.length / 4, 0);
  const best = bestClasses(head, scores, count);
  const columns = deltas.length / Math.max(best.length, 1);
  let at = 0;
  return boxes.map((ofImage, i) => {
    const end = at + ofImage.length / 4;
    const rows = deltas.subarray(at * columns, end * columns);
    const refined = head.refine(ofImage, rows, best.subarray(at, end), batch.samples[i].meta.imgShape);
    at = end;
    return refined;
  });
}

/**
 * In training: the sampled RoIs of each image, positives moved by the deltas of their ground truth's class, negatives
 * by those of their best class. Ground-truth boxes among the proposals are left out.
 */
export function nextProposals(
  head: BoxHead,
  { outputs, order, targets, sampled }: StageResult,
  batch: DetBatch,
): Float32Array[] {
  const read = (x: tf.Tensor2D | undefined) =>
    unpermute(x ? x.cast('float32').dataSync<'float32'>() : new Float32Array(order.length), order);
  const [scores, deltas] = [read(outputs.scores), read(outputs.deltas)];
  const best = bestClasses(head, scores, order.length);
  const labels = targets.labels.map((label, i) => (label === head.numClasses ? best[i] : label));
  const columns = deltas.length / order.length;
  let at = 0;
  return sampled.map(({ priors, positive, negative, numTruths }, i) => {
    const indices = [...positive, ...negative];
    const end = at + indices.length;
    const refined = head.refine(
      takeBoxes(priors, indices),
      deltas.subarray(at * columns, end * columns),
      labels.subarray(at, end),
      batch.samples[i].meta.imgShape,
    );
    at = end;
    const kept = indices.flatMap((prior, k) => (prior < numTruths && k < positive.length ? [] : [k]));
    return takeBoxes(refined, kept);
  });
}
