// What all detectors are built of: a data preprocessor, a backbone, and a neck or several in a row; heads come on top.

import * as tf from '@tensorflow/tfjs';
import { type BuildContext, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Detections, PackedSample } from '../../data/types';
import { Module } from '../../nn';
import { buildNeck, neckOption } from '../necks/neck-sequence';
import type { Backbone, DataPreprocessor, DetBatch, Detector, FeatureSpec, LossContext, Losses, Neck } from '../types';
import { checkTruths } from './check-truths';

/** The options every detector has. */
export const detectorParts = {
  data_preprocessor: moduleOption('data_preprocessor')
    .default({ type: 'DetDataPreprocessor' })
    .describe('Normalises images, pads them and stacks them into batches'),
  backbone: moduleOption('backbone').describe('Extracts feature levels from the image'),
  neck: neckOption.nullish().describe('Fuses the feature levels; a list runs one neck after the other'),
};

interface Parts {
  data_preprocessor: ModuleConfig;
  backbone: ModuleConfig;
  neck?: ModuleConfig | ModuleConfig[] | null;
}

export abstract class BaseDetector extends Module implements Detector {
  readonly backbone: Backbone;
  readonly neck?: Neck;
  private readonly preprocessor: DataPreprocessor;

  /** @param prefix of the names of its parts in the config: `teacher_` */
  constructor(config: Parts, { registry, path }: BuildContext, prefix = '') {
    super();
    const at = (name: string) => ({ path: path ? `${path}.${name}` : name });
    this.preprocessor = registry.build('data_preprocessor', config.data_preprocessor, at('data_preprocessor'));
    this.backbone = this.addChild('backbone', registry.build('backbone', config.backbone, at(`${prefix}backbone`)));
    const inputs = this.backbone.outputs;
    if (config.neck)
      this.neck = this.addChild('neck', buildNeck(config.neck, { registry, ...at(`${prefix}neck`), inputs }));
  }

  abstract get numClasses(): number;
  abstract loss(batch: DetBatch, context: LossContext): Losses;
  abstract predict(batch: DetBatch, options?: { rescale?: boolean }): Detections[];
  /** What the heads predict from the feature levels of a batch. */
  protected abstract forwardHeads(features: tf.Tensor4D[], batch: DetBatch): unknown;

  /** Labels that ground truth may have: 0 up to this number. */
  protected get truthClasses(): number {
    return this.numClasses;
  }

  /** Whether ground truth must have rotated boxes; it must not where this is false. */
  get rotated(): boolean {
    return false;
  }

  /** The feature levels that the heads read. */
  get levels(): FeatureSpec[] {
    return (this.neck ?? this.backbone).outputs;
  }

  /** Normalises, pads and stacks; what the preprocessor does to whole batches (`batch_augments`) only in training. */
  preprocess(samples: PackedSample[], iteration = 0): DetBatch {
    if (this.training) checkTruths(samples, this.truthClasses, this.rotated);
    return this.preprocessor.forward(samples, { training: this.training, iteration });
  }

  /** [N, H, W, 3] -> feature levels, finest first. `backboneLevels` take the place of the backbone's pass. */
  extractFeatures(inputs: tf.Tensor4D, backboneLevels?: tf.Tensor4D[]): tf.Tensor4D[] {
    const features = backboneLevels?.map((level) => tf.clone(level)) ?? this.backbone.forward(inputs);
    if (!this.neck) return features;
    const owned = !features.includes(inputs); // the backbones of DetectoRS pass the image on
    const levels = this.neck.forward(features, { release: owned });
    if (owned) tf.dispose(features.filter((level) => !levels.includes(level)));
    return levels;
  }

  forward(batch: DetBatch, backboneLevels?: tf.Tensor4D[]): unknown {
    return this.forwardHeads(this.extractFeatures(batch.inputs, backboneLevels), batch);
  }
}
