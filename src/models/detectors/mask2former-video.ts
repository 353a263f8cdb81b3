// Mask2FormerVideo: Mask2Former whose queries are objects of whole clips, so that it needs no tracker. The images of a batch are the frames
// of one clip in prediction.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { initCfg } from '../../nn';
import { Mask2FormerTrackHead } from '../tracking-heads/mask2former-track-head';
import type { DetBatch, LossContext, Losses } from '../types';
import { BaseDetector, detectorParts } from './base-detector';

const options = z.strictObject({
  data_preprocessor: moduleOption('data_preprocessor')
    .default({ type: 'TrackDataPreprocessor' })
    .describe('Normalises images, pads them and stacks them into batches'),
  backbone: detectorParts.backbone,
  track_head: moduleOption('track_head').describe('Predicts the class and the masks of every query'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
});

export class Mask2FormerVideo extends BaseDetector {
  readonly predictsClips = true;
  readonly trackHead: Mask2FormerTrackHead;

  constructor(config: z.output<typeof options>, context: BuildContext) {
    super(config, context);
    const { registry, path, numClasses } = context;
    const place = { path: path ? `${path}.track_head` : 'track_head', inputs: this.levels, numClasses };
    const head = registry.build('track_head', config.track_head, place);
    if (!(head instanceof Mask2FormerTrackHead))
      throw new DetLabError(
        `Cannot build Mask2FormerVideo${path ? ` at ${path}` : ''}: track_head must be a Mask2FormerTrackHead, received "${config.track_head.type}"`,
      );
    this.trackHead = this.addChild('track_head', head);
  }

  get numClasses(): number {
    return this.trackHead.numClasses;
  }

  protected forwardHeads(features: tf.Tensor4D[], batch: DetBatch): unknown {
    return this.trackHead.forward(features, batch).at(-1);
  }

  loss(batch: DetBatch, context: LossContext): Losses {
    return this.trackHead.loss(this.extractFeatures(batch.inputs), batch, context);
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const layers = this.trackHead.forward(this.extractFeatures(batch.inputs), batch);
    return this.trackHead.predict(layers[layers.length - 1], batch, { rescale });
  }
}

export const mask2FormerVideoDefinition = defineModule({
  kind: 'detector',
  type: 'Mask2FormerVideo',
  summary: 'Mask2Former of videos: queries that are objects of whole clips',
  paper: 'Cheng et al., Mask2Former for Video Instance Segmentation, arXiv 2021',
  shapes: 'frames of a video -> boxes [n, 4], scores [n], labels [n], masks and ids [n] of each',
  example: `{
  type: 'Mask2FormerVideo',
  data_preprocessor: { type: 'TrackDataPreprocessor', pad_size_divisor: 32 },
  backbone: { type: 'ResNet', depth: 50 },
  track_head: {
    type: 'Mask2FormerTrackHead',
    feat_channels: 256,
    out_channels: 256,
    num_classes: 80,
    pixel_decoder: { type: 'MSDeformAttnPixelDecoder', encoder: { num_layers: 6, layer_cfg: { self_attn_cfg: { num_levels: 3 } } } },
    transformer_decoder: { num_layers: 9, layer_cfg: {} },
  },
}`,
  options,
  build: (given, context) => new Mask2FormerVideo(given, context),
});
