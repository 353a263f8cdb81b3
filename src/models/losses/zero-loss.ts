// The loss of a batch without positives: zero, and a zero gradient rather than none, so that weight decay and momentum of
// the layers go on as in PyTorch. It multiplies nothing by 0, so logits that overflow give neither NaN nor infinity.

import * as tf from '@tensorflow/tfjs';
import type { Module } from '../../nn/module';

/**
 * Zero, with a zero gradient for every trainable parameter of a module, or for a tensor.
 *
 * @example return { loss_cls, loss_bbox: zeroLoss(this) }
 */
export function zeroLoss(source: Module | tf.Tensor): tf.Scalar {
  const inputs = source instanceof tf.Tensor ? [source] : source.trainable().map(([, { variable }]) => variable);
  if (inputs.length === 0) return tf.scalar(0);
  const shapes = inputs.map(({ shape }) => shape);
  const zero = tf.customGrad(() => ({ value: tf.scalar(0), gradFunc: () => shapes.map((shape) => tf.zeros(shape)) }));
  return zero(...inputs) as tf.Scalar;
}
