// Coordinates in the transformers of the DETR family: their sine encoding, and the inverse of the sigmoid.

import * as tf from '@tensorflow/tfjs';
import { sinePairs } from '../positional-encodings/sine-positional-encoding';

/**
 * Points (x, y) or boxes (x, y, w, h) in 0..1, [B, Q, 2 or 4] -> [B, Q, (2 or 4) * numFeats], in the order y, x, w, h.
 *
 * @example coordinateToEncoding(tf.zeros([1, 5, 4]), 128).shape // [1, 5, 512]
 */
export function coordinateToEncoding(coordinates: tf.Tensor3D, numFeats: number): tf.Tensor3D {
  const columns = tf.split(tf.mul(coordinates, 2 * Math.PI), coordinates.shape[2], 2);
  const [x, y, ...size] = columns.map((column) => sinePairs(column, numFeats / 2));
  return tf.concat([y, x, ...size], 2) as tf.Tensor3D;
}

/** log(x / (1 - x)) with both kept above `eps`. */
export function inverseSigmoid<T extends tf.Tensor>(x: T, eps = 1e-5): T {
  return tf.tidy(() => {
    const inside = tf.clipByValue(x, 0, 1);
    return tf.log(tf.div(tf.maximum(inside, eps), tf.maximum(tf.sub(1, inside), eps))) as T;
  });
}

/** `shift` [..., n] with `base` [..., m], m <= n, added to its first m values. */
export function addToFirst<T extends tf.Tensor>(shift: T, base: tf.Tensor): T {
  const missing = shift.shape[shift.rank - 1] - base.shape[base.rank - 1];
  if (missing === 0) return tf.add(shift, base);
  const paddings = shift.shape.map((_, axis): [number, number] => [0, axis === shift.rank - 1 ? missing : 0]);
  return tf.tidy(() => tf.add(shift, tf.pad(base, paddings)) as T);
}
