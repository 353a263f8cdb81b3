// MaskFormer and Mask2Former: a backbone, queries that each predict a class and a mask, and segments or instances made of them. They
// differ in their heads alone.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { initCfg } from '../../nn';
import { type MaskPredictions, MaskQueryHead } from '../seg-heads/mask-query-head';
import { MaskFormerFusionHead, maskFormerTestCfg } from '../seg-heads/panoptic-fusion-heads/mask-former-fusion-head';
import type { DetBatch, LossContext, Losses } from '../types';
import { BaseDetector, detectorParts } from './base-detector';

const options = z.strictObject({
  ...detectorParts,
  panoptic_head: moduleOption('panoptic_head').describe('Predicts the class and mask of every query'),
  panoptic_fusion_head: moduleOption('panoptic_fusion_head').describe('Makes segments and instances of them'),
  train_cfg: z
    .record(z.string(), z.unknown())
    .nullish()
    .describe('Matching of queries with masks; null for a model that only predicts'),
  test_cfg: maskFormerTestCfg.nullish().describe('Post-processing'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
});
type Config = z.output<typeof options>;

export class MaskFormer extends BaseDetector {
  readonly panopticHead: MaskQueryHead;
  readonly fusion: MaskFormerFusionHead;

  constructor(type: string, config: Config, context: BuildContext) {
    super(config, context);
    const { registry, path, numClasses } = context;
    const place = (name: string) => ({ path: path ? `${path}.${name}` : name, inputs: this.levels, numClasses });
    const cannot = `Cannot build ${type}${path ? ` at ${path}` : ''}: `;
    const head = registry.build(
      'panoptic_head',
      { ...config.panoptic_head, train_cfg: config.train_cfg, test_cfg: config.test_cfg },
      place('panoptic_head'),
    );
    if (!(head instanceof MaskQueryHead))
      throw new DetLabError(
        `${cannot}panoptic_head must be a MaskFormerHead or Mask2FormerHead, received "${config.panoptic_head.type}"`,
      );
    this.panopticHead = this.addChild('panoptic_head', head);
    const { numThings, numStuff } = head;
    const numbers = { num_things_classes: numThings, num_stuff_classes: numStuff };
    const fusion = registry.build(
      'panoptic_fusion_head',
      { ...numbers, ...config.panoptic_fusion_head, test_cfg: config.test_cfg },
      place('panoptic_fusion_head'),
    );
    if (!(fusion instanceof MaskFormerFusionHead))
      throw new DetLabError(
        `${cannot}panoptic_fusion_head must be a MaskFormerFusionHead, received "${config.panoptic_fusion_head.type}"`,
      );
    if (fusion.numThings !== numThings || fusion.numStuff !== numStuff)
      throw new DetLabError(
        `${cannot}panoptic_head has ${numThings} classes of things and ${numStuff} of stuff, panoptic_fusion_head ` +
          `${fusion.numThings} and ${fusion.numStuff}. Make them equal`,
      );
    this.fusion = this.addChild('panoptic_fusion_head', fusion);
  }

  get numClasses(): number {
    return this.panopticHead.numClasses;
  }

  /** Objects are of things. */
  protected override get truthClasses(): number {
    return this.panopticHead.numThings;
  }

  protected forwardHeads(features: tf.Tensor4D[], batch: DetBatch): MaskPredictions {
    const layers = this.panopticHead.forward(features, batch);
    return layers[layers.length - 1];
  }

  /** What segments and instances are made of. */
  predictions(batch: DetBatch): MaskPredictions {
    return this.forwardHeads(this.extractFeatures(batch.inputs), batch);
  }

  loss(batch: DetBatch, context: LossContext): Losses {
    return this.panopticHead.loss(this.extractFeatures(batch.inputs), batch, context);
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    return this.fusion.predict(this.predictions(batch), batch, { rescale });
  }
}

const example = (type: string, decoder: string, layers: number, test: string) => `{
  type: '${type}',
  backbone: { type: 'ResNet', depth: 50 },
  panoptic_head: {
    type: '${type}Head',
    feat_channels: 256,
    out_channels: 256,
    num_things_classes: 80,
    num_stuff_classes: 53,
    pixel_decoder: ${decoder},
    transformer_decoder: { num_layers: ${layers}, layer_cfg: {} },
  },
  panoptic_fusion_head: { type: 'MaskFormerFusionHead' },
  test_cfg: { ${test} },
}`;

const define = <Type extends string>(type: Type, summary: string, paper: string, text: string) =>
  defineModule({
    kind: 'detector',
    type,
    summary,
    paper,
    shapes: 'images -> segments, boxes [n, 4], scores [n], labels [n] and masks of each',
    example: text,
    options,
    forwards: {
      panoptic_head: { train_cfg: 'train_cfg', test_cfg: 'test_cfg' },
      panoptic_fusion_head: { test_cfg: 'test_cfg' },
    },
    build: (given: Config, context: BuildContext) => new MaskFormer(type, given, context),
  });

export const maskFormerDefinition = define(
  'MaskFormer',
  'MaskFormer: queries that each predict a class and a mask, for things and stuff alike',
  'Cheng et al., Per-Pixel Classification is Not All You Need for Semantic Segmentation, NeurIPS 2021',
  example(
    'MaskFormer',
    "{ type: 'TransformerEncoderPixelDecoder', encoder: { num_layers: 6, layer_cfg: {} } }",
    6,
    'object_mask_thr: 0.8, iou_thr: 0.8',
  ),
);

export const mask2FormerDefinition = define(
  'Mask2Former',
  'Mask2Former: MaskFormer whose queries attend to the pixels of their own masks',
  'Cheng et al., Masked-attention Mask Transformer for Universal Image Segmentation, CVPR 2022',
  example(
    'Mask2Former',
    "{ type: 'MSDeformAttnPixelDecoder', encoder: { num_layers: 6, layer_cfg: { self_attn_cfg: { num_levels: 3 } } } }",
    9,
    'instance_on: true, filter_low_score: true',
  ),
);
