// Maps of one image of a batch in its pixels.

import * as tf from '@tensorflow/tfjs';
import { interpolate } from '../../ops';
import type { DetBatch } from '../types';

/**
 * Maps [K, h, w, C] of image `n`, enlarged to the batch's size, cut to the image, and with `rescale` brought to the size of the original
 * image: [K, H, W, C].
 */
export function resizedMaps(
  maps: tf.Tensor4D,
  { samples, batchShape }: DetBatch,
  n: number,
  { rescale }: { rescale: boolean },
): tf.Tensor4D {
  const [count, , , channels] = maps.shape;
  const { imgShape, oriShape } = samples[n].meta;
  const whole = interpolate(maps, { size: batchShape, mode: 'bilinear' });
  const image = tf.slice(whole, [0, 0, 0, 0], [count, ...imgShape, channels]);
  return rescale ? interpolate(image, { size: oriShape, mode: 'bilinear' }) : image;
}
