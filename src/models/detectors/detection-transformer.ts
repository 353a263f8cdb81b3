// What the detectors of the DETR family share: the parts of the model, its config, and what stands between them.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { initCfg, type Module, xavier } from '../../nn';
import { detrTestCfg, detrTrainCfg } from '../dense-heads/detr-head-options';
import type { QueryHead } from '../dense-heads/query-head';
import {
  type SineOptions,
  SinePositionalEncoding,
  sineOptions,
} from '../layers/positional-encodings/sine-positional-encoding';
import { neckOption } from '../necks/neck-sequence';
import type { FeatureSpec } from '../types';
import { BaseDetector, detectorParts } from './base-detector';

/** The options of every detector of the family; its encoder and decoder come on top. */
export const detectionTransformerOptions = {
  ...detectorParts,
  neck: neckOption.nullish().describe('Brings the feature levels to the channels of the transformer'),
  bbox_head: moduleOption('dense_head').describe('Class and box of every query'),
  positional_encoding: sineOptions.describe('Sine encoding of where a feature stands'),
  num_queries: z.int().positive().default(100).describe('Objects an image can have at most'),
  train_cfg: detrTrainCfg.nullish().describe('How it learns; without it the model only predicts'),
  test_cfg: detrTestCfg.nullish().describe('How it predicts'),
  init_cfg: initCfg.nullish().describe('Weights of the whole model'),
};

export interface DetectionTransformerConfig {
  data_preprocessor: ModuleConfig;
  backbone: ModuleConfig;
  neck?: ModuleConfig | ModuleConfig[] | null;
  bbox_head: ModuleConfig;
  positional_encoding: SineOptions;
  num_queries: number;
  train_cfg?: unknown;
  test_cfg?: unknown;
}

export abstract class DetectionTransformer<Head extends QueryHead> extends BaseDetector {
  readonly bboxHead: Head;
  protected readonly positionalEncoding: SinePositionalEncoding;

  /** `headOptions` are set by the detector and may not stand in its config. */
  constructor(
    type: string,
    config: DetectionTransformerConfig,
    context: BuildContext,
    {
      embedDims,
      levels,
      headOptions = {},
    }: { embedDims: number; levels?: number; headOptions?: Record<string, unknown> },
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
    for (const key in headOptions)
      if (key in config.bbox_head)
        throw new DetLabError(`${cannot}: bbox_head.${key} is set by the detector. Leave it out of bbox_head`);
    const { train_cfg, test_cfg } = config;
    const head = { ...config.bbox_head, ...headOptions, train_cfg, test_cfg };
    this.bboxHead = this.addChild(
      'bbox_head',
      registry.build<Head>('dense_head', head, {
        path: path ? `${path}.bbox_head` : 'bbox_head',
        numClasses,
      }),
    );
    if (this.bboxHead.embedDims !== embedDims)
      throw new DetLabError(
        `${cannot}: the encoder has embed_dims ${embedDims}, but bbox_head has ${this.bboxHead.embedDims}. Give both the same`,
      );
    this.positionalEncoding = new SinePositionalEncoding(config.positional_encoding);
  }

  get classes(): number {
    return this.bboxHead.classes;
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
