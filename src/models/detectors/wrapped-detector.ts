// A model around a detector, which predicts as that one and learns, unless it says otherwise, as that one.

import type * as tf from '@tensorflow/tfjs';
import type { Detections, PackedSample } from '../../data/types';
import { Module } from '../../nn';
import type { Backbone, DetBatch, Detector, EpochStart, LossContext, Losses, Neck } from '../types';

export abstract class WrappedDetector extends Module implements Detector {
  protected abstract get inner(): Detector;

  get numClasses(): number {
    return this.inner.numClasses;
  }

  get backbone(): Backbone {
    return this.inner.backbone;
  }

  get neck(): Neck | undefined {
    return this.inner.neck;
  }

  get rotated(): boolean | undefined {
    return this.inner.rotated;
  }

  preprocess(samples: PackedSample[], iteration?: number): DetBatch {
    return this.inner.preprocess(samples, iteration);
  }

  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[] {
    return this.inner.extractFeatures(inputs);
  }

  forward(batch: DetBatch, backboneLevels?: tf.Tensor4D[]): unknown {
    return this.inner.forward(batch, backboneLevels);
  }

  loss(batch: DetBatch, context: LossContext): Losses {
    return this.inner.loss(batch, context);
  }

  predict(batch: DetBatch, given?: { rescale?: boolean }): Detections[] {
    return this.inner.predict(batch, given);
  }

  onEpoch(start: EpochStart): string[] {
    return this.inner.onEpoch?.(start) ?? [];
  }
}
