// Matrix NMS: each mask's score decays by its overlaps with better masks of its class, less by those that are covered
// themselves (Wang et al., SOLOv2, NeurIPS 2020). All pairs at once: no mask waits for another's fate.

import * as tf from '@tensorflow/tfjs';

export interface MatrixNmsOptions {
  kernel: 'gaussian' | 'linear';
  /** Of the Gaussian. */
  sigma: number;
}

/** n masks in descending order of scores. */
export interface ScoredMasks {
  /** [n, pixels] of 0 and 1. */
  masks: tf.Tensor2D;
  /** Pixels of each [n]. */
  areas: Float32Array;
  labels: Int32Array;
  scores: Float32Array;
}

/**
 * The decayed scores, in the order given. With the linear kernel the factor of a mask that equals a covered one is 0 / 0, which is
 * left out; the reference gives NaN.
 */
export function matrixNms(
  { masks, areas, labels, scores }: ScoredMasks,
  { kernel, sigma }: MatrixNmsOptions,
): Float32Array {
  const n = scores.length;
  const shared = tf.tidy(() => tf.matMul(masks, masks, false, true).cast('float32').dataSync<'float32'>());
  const overlap = (i: number, j: number) => {
    const both = shared[i * n + j];
    return labels[i] === labels[j] ? Math.fround(both / Math.fround(Math.fround(areas[i] + areas[j]) - both)) : 0;
  };
  const decay = kernel === 'gaussian' ? (iou: number) => Math.exp(-sigma * iou * iou) : (iou: number) => 1 - iou;
  const covered = new Float32Array(n); // the highest overlap of each with a better one
  return scores.map((score, j) => {
    let factor = 1;
    for (let i = 0; i < j; i++) {
      const iou = overlap(i, j);
      if (iou > covered[j]) covered[j] = iou;
      const ratio = decay(iou) / decay(covered[i]);
      if (ratio < factor) factor = ratio;
    }
    return score * factor;
  });
}
