// Pools RoIs from a pyramid and adds what is known of the whole image: features of a semantic map, and a vector of the image. They
// come after the feature levels: the map [N, h, w, C], then the vectors [N, 1, 1, C].

import * as tf from '@tensorflow/tfjs';
import { adaptiveAvgPool2d } from '../../ops';
import { ofLevels, type PoolSource, RoIPooler } from './roi-pooler';
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
    const pooled = super.forward(features, rois);
    if (rois.length === 0) return pooled;
    const last = features.length - 1;
    const images = Int32Array.from({ length: rois.length / 5 }, (_, k) => rois[5 * k]);
    return fused(
      pooled,
      semantic?.forward([features[vectors ? last - 1 : last]], rois),
      vectors ? tf.gather(features[last], tf.tensor1d(images, 'int32')) : undefined,
    );
  }

  override get sources(): readonly PoolSource[] {
    const { semantic, vectors } = this.fusion();
    const ofMap = semantic ? [{ extractor: semantic, map: 0 }] : [];
    return [...super.sources, ...ofMap, ...(vectors ? [{ vectors: ofMap.length }] : [])];
  }

  override combine([pooled, ...more]: readonly tf.Tensor4D[][]): tf.Tensor4D {
    const { semantic, vectors } = this.fusion();
    return fused(
      super.combine([pooled]),
      semantic && ofLevels(semantic, more[0]),
      vectors ? more[more.length - 1][0] : undefined,
    );
  }
}

/** Pooled maps with those of the semantic map, at their size, and the vectors of their images. */
function fused(pooled: tf.Tensor4D, semantic: tf.Tensor4D | undefined, vectors: tf.Tensor4D | undefined): tf.Tensor4D {
  let sum = pooled;
  if (semantic) {
    const [, height, width] = pooled.shape;
    const fits = semantic.shape[1] === height && semantic.shape[2] === width;
    sum = tf.add(sum, fits ? semantic : adaptiveAvgPool2d(semantic, [height, width]));
  }
  return vectors ? tf.add(sum, vectors) : sum;
}
