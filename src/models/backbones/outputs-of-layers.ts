// Outputs of selected layers of a sequential backbone.

import * as tf from '@tensorflow/tfjs';
import { Sequential } from '../../nn/module-list';

/** Runs `layers` one after the other; what those at `indices` put out, in their order. Other maps are freed once they are read. */
export function outputsOfLayers(
  layers: readonly { forward(x: tf.Tensor4D): tf.Tensor4D }[],
  x: tf.Tensor4D,
  indices: readonly number[],
): tf.Tensor4D[] {
  return tf.tidy(() => {
    let y = x;
    const outputs: tf.Tensor4D[] = [];
    for (const [i, layer] of layers.entries()) {
      const release = y !== x && !outputs.includes(y);
      const next = layer instanceof Sequential ? layer.forward(y, { release }) : layer.forward(y);
      if (release && next !== y) y.dispose();
      y = next;
      if (indices.includes(i)) outputs.push(y);
    }
    return outputs;
  });
}
