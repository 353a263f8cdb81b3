// Box alignment of TOOD (Feng et al., ICCV 2021): each of the four sides is taken from a neighbouring cell, bilinearly, at an
// offset of its own. A box whose sides then cross stays as it was.

import * as tf from '@tensorflow/tfjs';
import { deformConv2d, stopGradient } from '../../ops';

/**
 * Boxes [N, H, W, 4] (x1, y1, x2, y2) and offsets [N, H, W, 8] in cells (y, x of each side) -> boxes [N, H, W, 4].
 *
 * @example alignBoxes(boxes, tf.zeros([1, 8, 8, 8])) // the boxes themselves
 */
export function alignBoxes(boxes: tf.Tensor4D, offsets: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const sampled = deformConv2d(boxes, offsets, tf.ones([1, 1, 1, 4]), { groups: 4, deformGroups: 4 });
    return tf.where(stopGradient(sampled, areCrossed), boxes, sampled);
  });
}

/** [N, H, W, 4] -> [N, H, W, 1]. */
function areCrossed(boxes: tf.Tensor4D): tf.Tensor4D {
  const [x1, y1, x2, y2] = tf.split(boxes, 4, 3);
  return tf.logicalOr(tf.greater(x1, x2), tf.greater(y1, y2));
}
