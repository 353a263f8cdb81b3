// Pools RoIs from a pyramid and adds what is known of the whole image: features of a semantic map, and a vector of the image. They
// come after the feature levels: the map [N, h, w, C], then the vectors [N, 1, 1, C].

import * as tf from '@tensorflow/tfjs';
import { adaptiveAvgPool2d } from '../../ops';
import { RoIPooler } from './roi-pooler';
import type { RoIExtractor } from './types';

/** What is added. */
export interface Fusion {
  /** Pools from the semantic map. */
  semantic?: RoIExtractor;
  /** Whether there is a vector for each image. */
  vectors?: boolean;
}

export class FusingPooler extends RoIPooler {
  /** @param fusion read when RoIs are pooled: the head that has it may not be built yet */
  constructor(
    extractor: RoIExtractor,
    private readonly fusion: () => Fusion,
  ) {
    super(extractor);
  }

  override forward(features: tf.Tensor4D[], rois: Float32Array): tf.Tensor4D {
    const { semantic, vectors } = this.fusion();
    let pooled = super.forward(features, rois);
    if (rois.length === 0) return pooled;
    const last = features.length - 1;
    if (semantic) {
      const [, height, width] = pooled.shape;
      const ofMap = semantic.forward([features[vectors ? last - 1 : last]], rois);
      const fits = ofMap.shape[1] === height && ofMap.shape[2] === width;
      pooled = tf.add(pooled, fits ? ofMap : adaptiveAvgPool2d(ofMap, [height, width]));
    }
    if (!vectors) return pooled;
    const images = Int32Array.from({ length: rois.length / 5 }, (_, k) => rois[5 * k]);
    return tf.add(pooled, tf.gather(features[last], tf.tensor1d(images, 'int32')));
  }
}
