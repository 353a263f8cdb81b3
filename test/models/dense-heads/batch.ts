// Batches for the tests of heads: ground truth without pixels.

import * as tf from '@tensorflow/tfjs';
import type { PackedSample, Truths } from '../../../src/data/types';
import type { DetBatch } from '../../../src/models/types';

/** [height, width] of the images of the reference files. */
export const IMAGE_SIZE: [number, number] = [96, 128];

export const tidy = <T>(f: () => T): T => tf.tidy(f as () => tf.TensorContainer) as T;

export const noTruths = (): Truths => ({
  bboxes: new Float32Array(0),
  labels: new Int32Array(0),
  ignored: new Uint8Array(0),
});

/** One image for each ground truth; the batch has the size of the images. */
export function batchOf(
  truths: Truths[],
  [height, width] = IMAGE_SIZE,
  meta: Partial<PackedSample['meta']> = {},
): DetBatch {
  const samples = truths.map(
    (t, i): PackedSample => ({
      image: { data: new Uint8Array(0), width, height, order: 'bgr' },
      meta: {
        imgId: i,
        imgPath: `${i}.jpg`,
        oriShape: [height, width],
        imgShape: [height, width],
        scaleFactor: [1, 1],
        flip: false,
        ...meta,
      },
      truths: t,
    }),
  );
  return { inputs: undefined as unknown as tf.Tensor4D, samples, batchShape: [height, width] };
}
