// Side-aware features (Wang et al., SABL, ECCV 2020): what a head reads of the left and right sides of an object, one vector for each
// column of its map, and of the top and bottom, one for each row.

import * as tf from '@tensorflow/tfjs';

/** Map [K, H, W, C], attention logits [K, H, W, 1] -> means over the columns [K, W, C] or rows [K, H, C], weighted by attention. */
export function attentionPool(map: tf.Tensor4D, logits: tf.Tensor4D, over: 'columns' | 'rows'): tf.Tensor3D {
  const axis = over === 'columns' ? 1 : 2;
  const weights = tf.sigmoid(logits);
  return tf.sum(tf.mul(map, tf.div(weights, tf.sum(weights, axis, true))), axis);
}

/** [K, L] -> [K, 2 ceil(L / 2)]: the first half, and the second half from its end. */
export function sideAwareSplit(values: tf.Tensor2D): tf.Tensor2D {
  const [count, length] = values.shape;
  const half = Math.ceil(length / 2);
  const first = tf.slice(values, [0, 0], [count, half]);
  return tf.concat([first, tf.reverse(tf.slice(values, [0, length - half], [count, half]), 1)], 1);
}
