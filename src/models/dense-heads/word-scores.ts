// From the words of a caption to labels: their targets, and the scores of labels.

import * as tf from '@tensorflow/tfjs';

/** 1 at the words of each ground-truth box: [K, T], flat. Words beyond the caption as it was read are left out. */
export function tokenTargets(positives: readonly (readonly number[])[], length: number): Float32Array {
  const targets = new Float32Array(positives.length * length);
  for (const [k, tokens] of positives.entries()) for (const t of tokens) if (t < length) targets[k * length + t] = 1;
  return targets;
}

/**
 * Probabilities of words [1, Q, T] -> of labels [1, Q, L]: the mean over the words of each, 0 for a label whose words were cut
 * off. Without labels, of the caption as a whole, its most probable word: [1, Q, 1].
 */
export function wordScores(
  likely: tf.Tensor3D,
  present: Uint8Array,
  labels: readonly (readonly number[])[] | undefined,
): tf.Tensor3D {
  const [, , length] = likely.shape;
  return tf.tidy(() => {
    if (!labels) return tf.max<tf.Tensor3D>(tf.mul(likely, tf.tensor1d(Float32Array.from(present))), 2, true);
    const shares = new Float32Array(length * labels.length);
    for (const [label, tokens] of labels.entries()) {
      const read = tokens.filter((t) => t < length);
      for (const t of read) shares[t * labels.length + label] = 1 / read.length;
    }
    return tf.matMul(likely, tf.tensor3d(shares, [1, length, labels.length]));
  });
}
