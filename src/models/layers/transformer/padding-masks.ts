// Padding masks of feature maps: images of a batch that are smaller than it end before its right and bottom.

import * as tf from '@tensorflow/tfjs';
import { composite } from '../../../ops/composite';
import type { DetBatch } from '../../types';

/** True when no image of the batch is padded, and none will be where the network is recorded. */
export function fillsBatch({ samples, batchShape, imageSizes }: DetBatch): boolean {
  if (imageSizes) return false;
  return samples.every(({ meta: { imgShape } }) => imgShape[0] === batchShape[0] && imgShape[1] === batchShape[1]);
}

/** Rows and columns of a map of `size` that are image, by nearest-neighbour reading of the full-size mask. */
function extent(size: number, full: number, image: number): number {
  const ratio = Math.fround(full / size);
  let count = 0;
  for (let i = 0; i < size; i++) if (Math.min(Math.floor(Math.fround(i * ratio)), full - 1) < image) count++;
  return count;
}

/** Height and width in pixels of each image on a map of `size` [height, width]. */
export function validSizes({ samples, batchShape }: DetBatch, [height, width]: [number, number]): [number, number][] {
  return samples.map(({ meta: { imgShape } }) => [
    extent(height, batchShape[0], imgShape[0]),
    extent(width, batchShape[1], imgShape[1]),
  ]);
}

/** A table that depends on the sizes of the images alone. */
export function sizeTable<T extends tf.Tensor>(
  name: string,
  { imageSizes, batchShape }: DetBatch,
  shapes: readonly (readonly [number, number])[],
  compute: () => T,
): T {
  const inputs: Record<string, tf.Tensor> = imageSizes ? { sizes: imageSizes } : {};
  return composite({ name, inputs, attrs: { shapes: shapes.flat(), full: batchShape } }, compute);
}

/** [B, height, width], 1 where padded. */
export function paddingMask(batch: DetBatch, size: [number, number]): tf.Tensor3D {
  const [height, width] = size;
  return sizeTable('PaddingMask', batch, [size], () => {
    const mask = new Float32Array(batch.samples.length * height * width).fill(1);
    for (const [n, [h, w]] of validSizes(batch, size).entries())
      for (let y = 0; y < h; y++) mask.fill(0, (n * height + y) * width, (n * height + y) * width + w);
    return tf.tensor3d(mask, [batch.samples.length, height, width]);
  });
}

/** [B, levels, 2]: share of the width and height of each level that is image; `sizes` are by image and level. */
export function validRatios(
  batch: DetBatch,
  shapes: readonly [number, number][],
  sizes: readonly (readonly [number, number][])[],
): tf.Tensor3D {
  const ratios = sizes.flatMap((image) => image.flatMap(([h, w], l) => [w / shapes[l][1], h / shapes[l][0]]));
  return sizeTable('ValidRatios', batch, shapes, () => tf.tensor3d(ratios, [sizes.length, shapes.length, 2]));
}
