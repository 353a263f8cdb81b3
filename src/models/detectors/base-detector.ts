// What all detectors are built of: a data preprocessor, a backbone, and a neck or several in a row. The heads come on top.

import * as tf from '@tensorflow/tfjs';
import { type BuildContext, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { PackedSample } from '../../data/types';
import { Module } from '../../nn';
import { buildNeck, neckOption } from '../necks/neck-sequence';
import type { Backbone, DetBatch, FeatureSpec, Neck } from '../types';

/** The options every detector has. */
export const detectorParts = {
  data_preprocessor: moduleOption('data_preprocessor')
    .default({ type: 'DetDataPreprocessor' })
    .describe('Normalises images and makes batches'),
  backbone: moduleOption('backbone').describe('Image to feature levels'),
  neck: neckOption.nullish().describe('Mixes the feature levels; a list: one after the other'),
};

interface Parts {
  data_preprocessor: ModuleConfig;
  backbone: ModuleConfig;
  neck?: ModuleConfig | ModuleConfig[] | null;
}

interface Preprocessor {
  forward(samples: PackedSample[], options: { training: boolean; iteration: number }): DetBatch;
}

export abstract class BaseDetector extends Module {
  readonly backbone: Backbone;
  readonly neck?: Neck;
  private readonly preprocessor: Preprocessor;

  constructor(config: Parts, { registry, path }: BuildContext) {
    super();
    const at = (name: string) => ({ path: path ? `${path}.${name}` : name });
    this.preprocessor = registry.build<Preprocessor>(
      'data_preprocessor',
      config.data_preprocessor,
      at('data_preprocessor'),
    );
    this.backbone = this.addChild('backbone', registry.build<Backbone>('backbone', config.backbone, at('backbone')));
    const inputs = this.backbone.outputs;
    if (config.neck) this.neck = this.addChild('neck', buildNeck(config.neck, { registry, ...at('neck'), inputs }));
  }

  /** The feature levels that the heads stand on. */
  get levels(): FeatureSpec[] {
    return (this.neck ?? this.backbone).outputs;
  }

  /** Normalises, pads and stacks; what the preprocessor does to whole batches (`batch_augments`) only in training. */
  preprocess(samples: PackedSample[], iteration = 0): DetBatch {
    return this.preprocessor.forward(samples, { training: this.training, iteration });
  }

  /** [N, H, W, 3] -> feature levels, finest first. */
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[] {
    const features = this.backbone.forward(inputs);
    if (!this.neck) return features;
    const own = !features.includes(inputs); // the backbones of DetectoRS hand the image on
    const levels = this.neck.forward(features, { release: own });
    if (own) tf.dispose(features.filter((level) => !levels.includes(level)));
    return levels;
  }
}
