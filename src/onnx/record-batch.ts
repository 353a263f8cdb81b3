// A tape of a network that reads the sizes of the images: the images [N, H, W, 3], then their heights and widths [N, 2].

import * as tf from '@tensorflow/tfjs';
import type { DetBatch } from '../models/types';
import { type ParameterNames, recordTape, type Tape } from './tape';

/** A batch of whole images, whose sizes a graph may change. */
function batchOf(inputs: tf.Tensor4D, imageSizes: tf.Tensor2D): DetBatch {
  const [count, height, width] = inputs.shape;
  const size: [number, number] = [height, width];
  const meta = { imgId: 0, imgPath: 'an example', oriShape: size, imgShape: size, scaleFactor: [1, 1], flip: false };
  const truths = { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) };
  const sample = { meta, truths } as unknown as DetBatch['samples'][number];
  return { inputs, samples: Array.from({ length: count }, () => sample), batchShape: size, imageSizes };
}

/** @param forward what is recorded of a batch of whole images */
export function recordBatch(
  example: tf.Tensor4D,
  names: ParameterNames,
  forward: (batch: DetBatch) => readonly tf.Tensor[],
): Tape {
  const [count, height, width] = example.shape;
  const sizes = tf.tensor2d(Array.from({ length: count }, () => [height, width]).flat(), [count, 2]);
  try {
    return recordTape([example, sizes], () => forward(batchOf(example, sizes)), names);
  } finally {
    sizes.dispose();
  }
}
