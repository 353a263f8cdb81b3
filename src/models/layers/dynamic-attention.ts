// Spatial and scale attention of a dynamic head (Dai et al., CVPR 2021): deformable convolutions of a level and its two neighbours,
// with offsets that the level predicts, and a gate for each. As in MMDetection, the coarser neighbour's convolution reads the
// offsets made for this level's size as one flat row.

import * as tf from '@tensorflow/tfjs';
import { buildActivation } from '../../nn/layer-options';
import { interpolate } from '../../ops/interpolate';

export const TAPS = 9;
type DeformConv = (x: tf.Tensor4D, offset: tf.Tensor4D, mask: tf.Tensor4D) => tf.Tensor4D;

export interface DynamicLayers {
  /** Offsets and the logits of masks: 27 channels. */
  offset(x: tf.Tensor4D): tf.Tensor4D;
  /** Of the coarser neighbour, of the level itself, and, with stride 2, of the finer one. */
  high: DeformConv;
  mid: DeformConv;
  low: DeformConv;
  /** One channel from pooled maps [N, 1, 1, C]. */
  scale(pooled: tf.Tensor4D): tf.Tensor4D;
  /** What is done with the gated mean. */
  task(x: tf.Tensor4D): tf.Tensor4D;
}

const gate = buildActivation({ type: 'HSigmoid', bias: 3, divisor: 6 });

export function dynamicAttention(levels: readonly tf.Tensor4D[], layers: DynamicLayers): tf.Tensor4D[] {
  return levels.map((x, i) =>
    tf.tidy(() => {
      const [offset, logits] = tf.split<tf.Tensor4D>(layers.offset(x), [2 * TAPS, TAPS], 3);
      const mask = tf.sigmoid(logits);
      const maps = [layers.mid(x, offset, mask)];
      if (i > 0) maps.push(layers.low(levels[i - 1], offset, mask));
      const above = levels[i + 1];
      if (above) {
        const small = layers.high(above, flatRead(offset, above), flatRead(mask, above));
        maps.push(interpolate(small, { size: [x.shape[1], x.shape[2]], mode: 'bilinear', alignCorners: true }));
      }
      const gated = maps.map((map) => {
        const pooled = tf.mean<tf.Tensor4D>(map, [1, 2], true);
        return tf.mul<tf.Tensor4D>(map, gate.apply(tf.relu(layers.scale(pooled))));
      });
      return layers.task(tf.div(tf.addN(gated), maps.length));
    }),
  );
}

/** The first numbers of `x`, channel after channel, as a map of the size of `like`. */
function flatRead(x: tf.Tensor4D, like: tf.Tensor4D): tf.Tensor4D {
  const [n, , , c] = x.shape;
  const [, h, w] = like.shape;
  if (x.shape[1] === h && x.shape[2] === w) return x;
  const rows = tf.transpose(x, [0, 3, 1, 2]).reshape<tf.Tensor2D>([n, -1]);
  return tf.transpose(tf.slice(rows, [0, 0], [n, c * h * w]).reshape<tf.Tensor4D>([n, c, h, w]), [0, 2, 3, 1]);
}
