// Prime Sample Attention (Cao et al., CVPR 2020): the importance of positives, ranked by the IoU of their predicted boxes, and the
// box loss weighted by scores.

import * as tf from '@tensorflow/tfjs';
import { bboxOverlaps } from '../../geometry/boxes';

/** Positives of a batch, one each. */
export interface PrimeSamples {
  labels: Int32Array;
  /** Which ground truth of the batch each has; no two images share a number. */
  truths: ArrayLike<number>;
  /** Predicted boxes and those of the ground truth, flat xyxy. */
  predicted: Float32Array;
  targets: Float32Array;
  /** Weights before. */
  weights: Float32Array;
  /** Classification loss of each. */
  losses: Float32Array;
}

/** Places of values, from the largest; of those that tie the first. */
function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => values[j] - values[i] || i - j);
  const rank = new Array<number>(values.length);
  order.forEach((i, place) => {
    rank[i] = place;
  });
  return rank;
}

/** Indices by key, in order. */
function groups(indices: readonly number[], keyOf: (i: number) => number): number[][] {
  const byKey = new Map<number, number[]>();
  for (const i of indices) byKey.set(keyOf(i), [...(byKey.get(keyOf(i)) ?? []), i]);
  return [...byKey.values()];
}

/**
 * Weights by importance (ISR-P): the best box of every object ranks before the second best of any, within each class. Their sum
 * times the losses stays what it was.
 */
export function importanceWeights(samples: PrimeSamples, { k, bias }: { k: number; bias: number }): Float32Array {
  const { labels, truths, predicted, targets, weights, losses } = samples;
  const all = [...labels.keys()];
  const classes = groups(all, (i) => labels[i]);
  const most = Math.max(...classes.map(({ length }) => length));
  const ious = Float32Array.from(labels, (_, i) => {
    const [box, target] = [predicted, targets].map((boxes) => boxes.subarray(4 * i, 4 * i + 4));
    return bboxOverlaps(box, target)[0];
  });
  const important = weights.slice();
  for (const ofClass of classes) {
    for (const ofTruth of groups(ofClass, (i) => truths[i])) {
      const local = ranks(ofTruth.map((i) => ious[i]));
      ofTruth.forEach((i, at) => {
        ious[i] += most - local[at];
      });
    }
    const rank = ranks(ofClass.map((i) => ious[i]));
    ofClass.forEach((i, at) => {
      important[i] *= (most - rank[at]) / most;
    });
  }
  const mapped = important.map((w) => (bias + w * (1 - bias)) ** k);
  const sum = (of: Float32Array) => of.reduce((total, w, i) => total + w * losses[i], 0);
  const ratio = sum(weights) / sum(mapped);
  return mapped.map((w) => w * ratio);
}

/**
 * Classification-aware regression loss (CARL): the box loss [n, 4] of positives, weighted by the probability [n] of their class;
 * the gradient reaches the scores.
 */
export function carlLoss(
  probabilities: tf.Tensor1D,
  boxLoss: tf.Tensor2D,
  { k, bias, avgFactor }: { k: number; bias: number; avgFactor: number },
): tf.Scalar {
  const weights = tf.pow(tf.add(tf.mul(probabilities, 1 - bias), bias), k);
  const normed = tf.mul(weights, tf.div(probabilities.shape[0], tf.sum(weights)));
  return tf.div(tf.sum(tf.mul(boxLoss, normed.expandDims(1))), avgFactor);
}
