// The activations that tfjs fuses into products, as separate operations.

import * as tf from '@tensorflow/tfjs';

/** `slope` is that of a PReLU, `alpha` that of a leaky ReLU. */
export function activate(y: tf.Tensor, name: string, slope: tf.Tensor | undefined, alpha?: number): tf.Tensor {
  switch (name) {
    case 'linear':
      return y;
    case 'relu':
      return tf.relu(y);
    case 'relu6':
      return tf.relu6(y);
    case 'elu':
      return tf.elu(y);
    case 'sigmoid':
      return tf.sigmoid(y);
    case 'prelu':
      return tf.prelu(y, slope!);
    case 'leakyrelu':
      return tf.leakyRelu(y, alpha);
    default:
      throw new Error(
        `Cannot fuse activation "${name}" on wasm: expected linear, relu, relu6, elu, sigmoid, prelu or leakyrelu`,
      );
  }
}
