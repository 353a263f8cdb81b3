// BoxInst's pairwise term: how unlikely neighbouring pixels are to have one label, from their logits, and which neighbours look
// alike (Tian et al., BoxInst, CVPR 2021). Neighbours are those of a dilated square window without its centre, row by row.

import * as tf from '@tensorflow/tfjs';

/** Offsets [rows, columns] of the neighbours. */
export function neighbours(size: number, dilation: number): [number, number][] {
  const half = (size - 1) / 2;
  return Array.from({ length: size * size }, (_, k): [number, number] => [
    (Math.floor(k / size) - half) * dilation,
    ((k % size) - half) * dilation,
  ]).filter(([dy, dx]) => dy !== 0 || dx !== 0);
}

/** The values of the neighbours of each pixel; 0 beyond the map [n, h, w]. */
function shifted(x: tf.Tensor3D, [dy, dx]: [number, number]): tf.Tensor3D {
  const [n, h, w] = x.shape;
  const [down, right] = [Math.max(dy, 0), Math.max(dx, 0)];
  const padded = tf.pad3d(x, [
    [0, 0],
    [down - dy, down],
    [right - dx, right],
  ]);
  return tf.slice(padded, [0, down, right], [n, h, w]);
}

/** -log of the probability that a pixel and its neighbour at `offset` have one label, by logits [n, h, w]. */
export function pairwiseAffinity(logits: tf.Tensor3D, offset: [number, number]): tf.Tensor3D {
  // not logSigmoid, which TensorFlow.js differentiates by a tensor that may have been freed
  const foreground = tf.neg(tf.softplus(tf.neg(logits)));
  const background = tf.neg(tf.softplus(logits));
  const both = tf.add(foreground, shifted(foreground, offset));
  const neither = tf.add(background, shifted(background, offset));
  // log(e^a + e^b) = a + softplus(b - a)
  return tf.neg(tf.add<tf.Tensor3D>(both, tf.softplus(tf.sub(neither, both))));
}
