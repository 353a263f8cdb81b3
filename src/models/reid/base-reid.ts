// BaseReID: an embedding of a whole image, in which images of one object are near each other; mmpretrain's ImageClassifier with a head
// of embeddings. It is a model as detectors are: what it finds in an image is one box, the image, with its embedding.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { applyInitCfg, initCfg } from '../../nn';
import { BaseDetector, detectorParts } from '../detectors/base-detector';
import type { DetBatch, LossContext, Losses } from '../types';
import type { ReIDHead } from './reid-head';
import { detectionsOfImages } from './whole-image';

const options = z.strictObject({
  ...detectorParts,
  data_preprocessor: moduleOption('data_preprocessor')
    .default({ type: 'mmpretrain.ClsDataPreprocessor' })
    .describe('Normalises images and stacks them into batches'),
  head: moduleOption('reid_head').describe('Makes an embedding of the pooled features'),
  pretrained: z.null().default(null).describe("Only null: init_cfg: { type: 'Pretrained', checkpoint } says it"),
  train_cfg: z.null().default(null).describe('Only null: batch augmentations of classifiers are not there'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
});
type Options = z.output<typeof options>;

export class BaseReID extends BaseDetector {
  private readonly head: ReIDHead;

  constructor(given: Options, context: BuildContext) {
    super(given, context);
    const { registry, path, numClasses } = context;
    const at = { path: path ? `${path}.head` : 'head', inputs: this.levels, numClasses };
    this.head = this.addChild('head', registry.build('reid_head', given.head, at));
    applyInitCfg(this, given.init_cfg);
  }

  /** Identities of the training data; 1 without a loss that classifies them. */
  get numClasses(): number {
    return this.head.numClasses;
  }

  /** Length of an embedding. */
  get channels(): number {
    return this.head.channels;
  }

  /** [N, H, W, 3] -> [N, channels]. */
  embed(images: tf.Tensor4D): tf.Tensor2D {
    return this.head.forward(this.extractFeatures(images));
  }

  protected override forwardHeads(features: tf.Tensor4D[]): tf.Tensor2D {
    return this.head.forward(features);
  }

  protected override get truthClasses(): number {
    return this.head.classifies ? this.numClasses : Number.POSITIVE_INFINITY;
  }

  loss({ inputs, samples }: DetBatch, _: LossContext): Losses {
    return this.head.loss(
      this.extractFeatures(inputs),
      samples.map(({ truths }) => truths.labels[0]),
    );
  }

  predict({ inputs, samples }: DetBatch, { rescale = true } = {}): Detections[] {
    return detectionsOfImages(samples, this.embed(inputs), rescale);
  }
}

export const baseReIDDefinition = defineModule({
  kind: 'detector',
  type: 'BaseReID',
  summary: 'An embedding of a whole image, by which an object is told from others of its class',
  origin: 'MMDetection',
  shapes: 'images [N, 256, 128, 3] -> embeddings [N, C]',
  example: `{
  type: 'BaseReID',
  data_preprocessor: { type: 'ReIDDataPreprocessor', mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375], to_rgb: true },
  backbone: { type: 'mmpretrain.ResNet', depth: 18 },
  neck: { type: 'GlobalAveragePooling', kernel_size: [8, 4], stride: 1 },
  head: {
    type: 'LinearReIDHead',
    num_fcs: 1,
    in_channels: 512,
    fc_channels: 256,
    out_channels: 128,
    num_classes: 380,
    loss_cls: { type: 'mmpretrain.CrossEntropyLoss', loss_weight: 1 },
    loss_triplet: { type: 'TripletLoss', margin: 0.3, loss_weight: 1 },
    norm_cfg: { type: 'BN1d' },
    act_cfg: { type: 'ReLU' },
  },
}`,
  options,
  build: (given: Options, context: BuildContext) => new BaseReID(given, context),
});
