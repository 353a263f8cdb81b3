// Outputs of selected layers of a sequential backbone.

import * as tf from '@tensorflow/tfjs';

/** Runs `layers` one after the other; what those at `indices` put out, in their order. */
export function outputsOfLayers(
  layers: readonly { forward(x: tf.Tensor4D): tf.Tensor4D }[],
  x: tf.Tensor4D,
  indices: readonly number[],
): tf.Tensor4D[] {
  return tf.tidy(() => {
    let y = x;
    const outputs: tf.Tensor4D[] = [];
    for (const [i, layer] of layers.entries()) {
      y = layer.forward(y);
      if (indices.includes(i)) outputs.push(y);
    }
    return outputs;
  });
}
