// A whole image as one detection: what a model says that looks at images as one object each.

import type * as tf from '@tensorflow/tfjs';
import type { Detections, PackedSample } from '../../data/types';

/** One box of each image with its row of `embeddings` [N, C]. */
export function detectionsOfImages(
  samples: readonly PackedSample[],
  embeddings: tf.Tensor2D,
  rescale: boolean,
): Detections[] {
  const [values, channels] = [embeddings.dataSync<'float32'>(), embeddings.shape[1]];
  return samples.map(({ meta }, i) => {
    const [height, width] = rescale ? meta.oriShape : meta.imgShape;
    return {
      bboxes: Float32Array.of(0, 0, width, height),
      scores: Float32Array.of(1),
      labels: Int32Array.of(0),
      embeddings: values.slice(i * channels, (i + 1) * channels),
    };
  });
}
