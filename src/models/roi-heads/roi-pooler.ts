// From RoIs to what a head reads: pooled from the feature levels by an extractor, then, in the C4 models, through the
// backbone stage that all heads share.

import * as tf from '@tensorflow/tfjs';
import type { FeatureSpec } from '../types';
import type { RoIExtractor, SharedHead } from './types';

/** A pooler tied to the features of a batch. */
export interface BoundPooler {
  order(rois: Float32Array): Int32Array;
  forward(rois: Float32Array): tf.Tensor4D;
}

/** What a pooler reads of each RoI, for programs that cannot call it. `map` and `vectors` are indices of `RoIHeadParts.maps`. */
export type PoolSource =
  /** Pooled from the feature levels, or from one of the maps; of the RoI enlarged by `scale` where there is one. */
  | { extractor: RoIExtractor; map?: number; scale?: number }
  /** A vector of its image [1, 1, C]. */
  | { vectors: number };

export class RoIPooler {
  constructor(
    readonly extractor: RoIExtractor,
    readonly shared?: SharedHead,
  ) {}

  get output(): FeatureSpec {
    return this.shared?.output ?? this.extractor.output;
  }

  /** An order of the RoIs that spares a copy. */
  order(rois: Float32Array): Int32Array {
    return this.extractor.order(rois);
  }

  get sources(): readonly PoolSource[] {
    return [{ extractor: this.extractor }];
  }

  /** What heads read of the maps [K, h, w, C] of each source, one of each level it reads, where they were pooled elsewhere. */
  combine([pooled]: readonly tf.Tensor4D[][]): tf.Tensor4D {
    const map = ofLevels(this.extractor, pooled);
    return this.shared ? this.shared.forward(map) : map;
  }

  /** Flat RoIs -> [K, h, w, C], in the order given. */
  forward(features: tf.Tensor4D[], rois: Float32Array): tf.Tensor4D {
    const pooled = this.extractor.forward(features.slice(0, this.extractor.numInputs), rois);
    return this.shared ? this.shared.forward(pooled) : pooled;
  }

  /** The same from one level alone, whatever the size of a roi. */
  fromLevel(level: tf.Tensor4D, stride: number, rois: Float32Array): tf.Tensor4D {
    const { layers, pooling } = this.extractor;
    const layer = layers[Math.max(pooling?.strides.indexOf(stride) ?? 0, 0)];
    const pooled = layer.forward(level, tf.tensor2d(rois, [rois.length / 5, 5]), 1 / stride);
    return this.shared ? this.shared.forward(pooled) : pooled;
  }

  bind(features: tf.Tensor4D[]): BoundPooler {
    return { order: (rois) => this.order(rois), forward: (rois) => this.forward(features, rois) };
  }
}

/** The maps that an extractor pooled from each level as one. */
export function ofLevels({ pooling }: RoIExtractor, pooled: tf.Tensor4D[]): tf.Tensor4D {
  return pooling?.levels === 'all' ? pooling.combine(pooled) : pooled[0];
}
