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

/** Values of whole images that are computed at a time: of more masks they take memory, and no less time. */
const AT_ONCE = 1 << 23;

/**
 * As `resizedMaps`, of masks [K, h, w] a few at a time: `visit` is given consecutive ones [k, H, W], and the number of the first.
 * What it makes of tensors is disposed after it.
 */
export function visitResizedMaps(
  masks: tf.Tensor3D,
  batch: DetBatch,
  n: number,
  rescale: { rescale: boolean },
  visit: (maps: tf.Tensor3D, first: number) => void,
): void {
  const { imgShape, oriShape } = batch.samples[n].meta;
  const areas = [batch.batchShape, imgShape, oriShape].map(([height, width]) => height * width);
  const step = Math.max(1, Math.floor(AT_ONCE / Math.max(...areas)));
  const [count] = masks.shape;
  for (let first = 0; first < count; first += step)
    tf.tidy(() => {
      const own = tf.slice(masks, [first, 0, 0], [Math.min(step, count - first), -1, -1]).expandDims<tf.Tensor4D>(3);
      visit(resizedMaps(own, batch, n, rescale).squeeze<tf.Tensor3D>([3]), first);
    });
}
