// What the detectors of the DETR family share: the parts of the model, their options, and the checks between them.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { initCfg, type Module, xavier } from '../../nn';
import { detrTestCfg, detrTrainCfg } from '../dense-heads/detr-head-options';
import type { QueryHead, QueryPredictions } from '../dense-heads/query-head';
import { SinePositionalEncoding, sineOptions } from '../layers/positional-encodings/sine-positional-encoding';
import { neckOption } from '../necks/neck-sequence';
import type { DetBatch, FeatureSpec } from '../types';
import { BaseDetector, detectorParts } from './base-detector';

/** The options of every detector of the family; its encoder and decoder come on top. */
export const detectionTransformerOptions = {
  ...detectorParts,
  neck: neckOption.nullish().describe('Brings the feature levels to the channels of the transformer'),
  bbox_head: moduleOption('dense_head').describe('Predicts the class and box of every query'),
  positional_encoding: sineOptions.describe('Sine encoding of the positions of the features'),
  num_queries: z.int().positive().default(100).describe('Number of queries: the most objects an image can have'),
  train_cfg: detrTrainCfg.nullish().describe('Training settings; null for a model that only predicts'),
  test_cfg: detrTestCfg.nullish().describe('Post-processing'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
};

export type DetectionTransformerConfig = z.output<z.ZodObject<typeof detectionTransformerOptions>>;

/** What a detector of the family says of itself. */
export interface TransformerParts<Head extends QueryHead> {
  /** Type name, for messages. */
  type: string;
  /** The class of head whose layers and losses it uses. */
  head: abstract new (
    ...args: never[]
  ) => Head;
  embedDims: number;
  /** `embed_dims` of the decoder's layers. */
  decoderDims: number;
  /** Feature levels of the transformer; the last one of the neck when absent. */
  levels?: number;
  /** Options of the head that the detector sets and its config may not. */
  headOptions?: Record<string, unknown>;
}

export abstract class DetectionTransformer<Head extends QueryHead> extends BaseDetector {
  readonly bboxHead: Head;
  protected readonly positionalEncoding: SinePositionalEncoding;

  constructor(
    config: DetectionTransformerConfig,
    context: BuildContext,
    { type, head: HeadClass, embedDims, decoderDims, levels, headOptions = {} }: TransformerParts<Head>,
  ) {
    super(config, context);
    const { registry, path, numClasses } = context;
    const cannot = `Cannot build ${type}${path ? ` at ${path}` : ''}`;
    checkChannels(cannot, this.levels, embedDims, levels);
    const { num_feats } = config.positional_encoding;
    if (num_feats * 2 !== embedDims)
      throw new DetLabError(
        `${cannot}: the encoder has embed_dims ${embedDims}, so positional_encoding.num_feats must be ${embedDims / 2}, received ${num_feats}`,
      );
    if (decoderDims !== embedDims)
      throw new DetLabError(
        `${cannot}: the encoder has embed_dims ${embedDims}, but decoder.layer_cfg has ${decoderDims}. Give both the same`,
      );
    for (const key in headOptions)
      if (key in config.bbox_head)
        throw new DetLabError(`${cannot}: bbox_head.${key} is set by the detector. Leave it out of bbox_head`);
    const { train_cfg, test_cfg } = config;
    const headConfig = { ...config.bbox_head, ...headOptions, train_cfg, test_cfg };
    const head = registry.build('dense_head', headConfig, {
      path: path ? `${path}.bbox_head` : 'bbox_head',
      numClasses,
    });
    if (!(head instanceof HeadClass))
      throw new DetLabError(`${cannot}: bbox_head must be a ${HeadClass.name}, received "${headConfig.type}"`);
    this.bboxHead = this.addChild('bbox_head', head);
    if (this.bboxHead.embedDims !== embedDims)
      throw new DetLabError(
        `${cannot}: the encoder has embed_dims ${embedDims}, but bbox_head has ${this.bboxHead.embedDims}. Give both the same`,
      );
    this.positionalEncoding = new SinePositionalEncoding(config.positional_encoding);
  }

  /** Predictions of the last decoder layer. */
  protected abstract override forwardHeads(features: tf.Tensor4D[], batch: DetBatch): QueryPredictions;

  override forward(batch: DetBatch, backboneLevels?: tf.Tensor4D[]): QueryPredictions {
    return super.forward(batch, backboneLevels) as QueryPredictions;
  }

  get numClasses(): number {
    return this.bboxHead.numClasses;
  }

  /** Matrices of an encoder or decoder start Xavier-uniform. */
  protected startXavier(...parts: Module[]): void {
    for (const part of parts) for (const [, p] of part.named()) if (p.variable.rank > 1) p.initializer = xavier();
  }
}

function checkChannels(cannot: string, inputs: FeatureSpec[], embedDims: number, levels: number | undefined): void {
  const used = levels === undefined ? inputs.slice(-1) : inputs;
  if (levels !== undefined && inputs.length !== levels)
    throw new DetLabError(
      `${cannot}: it expects num_feature_levels ${levels}, but the ${inputs.length} levels it gets have strides ` +
        `${inputs.map((i) => i.stride).join(', ')}. Change num_outs of the neck, or num_feature_levels and num_levels of the attentions`,
    );
  const wrong = used.find(({ channels }) => channels !== embedDims);
  if (wrong)
    throw new DetLabError(
      `${cannot}: the encoder has embed_dims ${embedDims}, but its features have ${wrong.channels} channels. ` +
        `Give the neck out_channels ${embedDims}`,
    );
}

/** A map [B, H, W, C] as a sequence of pixels, [B, H W, C]. */
export function asSequence(map: tf.Tensor): tf.Tensor3D {
  const [batch, height, width, channels] = map.shape;
  return map.reshape([batch, height * width, channels]);
}
