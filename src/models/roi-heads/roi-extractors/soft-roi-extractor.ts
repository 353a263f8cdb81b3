// Soft RoI selection (Guo et al., AugFPN, CVPR 2020): each RoI is pooled from every feature level, and the pooled maps
// are summed with learned weights per pixel (adaptive spatial fusion), in place of choosing one level by size.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule, moduleOption } from '../../../catalogue/registry';
import { applyInitCfg, initCfg, Module } from '../../../nn';
import { AdaptiveSpatialFusion } from '../../layers/adaptive-spatial-fusion';
import type { FeatureSpec } from '../../types';
import type { RoIExtractor, RoILayer, RoIPooling } from '../types';
import { buildRoILayers, learnedLayers } from './roi-layers';
import { inferLevels } from './single-roi-extractor';

const options = z.strictObject({
  roi_layer: moduleOption('roi_layer').describe('Pooling layer'),
  out_channels: z.number().int().positive().optional().describe('Channels of the feature levels'),
  featmap_strides: z
    .array(z.number().positive())
    .min(1)
    .optional()
    .describe('Strides of the feature levels to pool from, finest first'),
  init_cfg: initCfg
    .nullable()
    .default({ type: 'Xavier', layer: 'Conv2d', distribution: 'uniform' })
    .describe('Weight initialisation of the fusion'),
});
type Options = z.output<typeof options> & { out_channels: number; featmap_strides: number[] };

export class SoftRoIExtractor extends Module implements RoIExtractor {
  readonly output: FeatureSpec & { size: [number, number] };
  private readonly fusion: AdaptiveSpatialFusion;

  constructor(
    private readonly options: Options,
    readonly layers: readonly RoILayer[],
  ) {
    super();
    const { out_channels: channels, featmap_strides: strides } = options;
    this.output = { channels, stride: 1, size: layers[0].outputSize };
    const learned = learnedLayers(layers);
    if (learned) this.addChild('roi_layers', learned);
    this.fusion = this.addChild('fusion', new AdaptiveSpatialFusion(channels, strides.length));
    applyInitCfg(this, options.init_cfg);
  }

  get numInputs(): number {
    return this.options.featmap_strides.length;
  }

  get pooling(): RoIPooling {
    const { featmap_strides: strides } = this.options;
    return { levels: 'all', strides, combine: (pooled) => this.fusion.forward(pooled) };
  }

  /** RoIs need no order: all are pooled from all levels. */
  order(rois: Float32Array): Int32Array {
    return Int32Array.from({ length: rois.length / 5 }, (_, i) => i);
  }

  forward(features: tf.Tensor4D[], rois: Float32Array): tf.Tensor4D {
    const { featmap_strides: strides, out_channels } = this.options;
    if (rois.length === 0) return tf.zeros([0, ...this.output.size, out_channels]);
    return tf.tidy(() => {
      const boxes = tf.tensor2d(rois, [rois.length / 5, 5]);
      return this.fusion.forward(strides.map((stride, i) => this.layers[i].forward(features[i], boxes, 1 / stride)));
    });
  }
}

export const softRoIExtractorDefinition = defineModule({
  kind: 'roi_extractor',
  type: 'SoftRoIExtractor',
  summary: 'Pools each RoI from every feature level and fuses them with learned weights',
  paper: 'Guo, Fan, Zhang, Xiang and Pan, AugFPN, CVPR 2020',
  shapes: 'feature levels [N, H, W, C], RoIs [K, 5] -> [K, height, width, C]',
  example: "{ type: 'SoftRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7, sampling_ratio: 0 } }",
  options,
  inferred: { out_channels: "the neck's channels", featmap_strides: "the neck's strides up to 32" },
  infer: (given, context) => inferLevels('SoftRoIExtractor', given, context),
  build: (given, context) => {
    const { featmap_strides: strides, out_channels } = given as Options;
    return new SoftRoIExtractor(given as Options, buildRoILayers(given.roi_layer, strides, out_channels, context));
  },
});
