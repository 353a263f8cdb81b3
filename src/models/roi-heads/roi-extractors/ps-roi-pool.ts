// Position-sensitive pooling as the layer of an RoI extractor: each bin reads score maps of its own (Dai et al., R-FCN, NeurIPS 2016).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { psRoIPool } from '../../../ops';
import type { RoILayer } from '../types';

const size = z.number().int().positive();
const options = z.strictObject({
  output_size: z.union([size, z.tuple([size, size])]).describe('Bins per side of a pooled RoI, or [height, width]'),
  spatial_scale: z.number().positive().optional().describe('Set by the RoI extractor to 1 / stride of each level'),
});
const alignOptions = options.extend({
  sampling_ratio: z
    .number()
    .int()
    .default(0)
    .describe('Samples per bin and side; 0 or less: adaptive, one per pixel of the bin'),
});

type Options = z.output<typeof options>;

export class PSRoIPool implements RoILayer {
  readonly outputSize: [number, number];

  constructor(
    private readonly options: Options & { sampling_ratio?: number },
    private readonly mode: 'pool' | 'align',
  ) {
    const { output_size } = options;
    this.outputSize = typeof output_size === 'number' ? [output_size, output_size] : output_size;
  }

  get sampling(): { samplingRatio: number; aligned: boolean; byPosition: 'pool' | 'align' } {
    return { samplingRatio: Math.max(this.options.sampling_ratio ?? 0, 0), aligned: true, byPosition: this.mode };
  }

  /** @throws DetLabError where `channels` are not a multiple of the bins */
  outputChannels(channels: number): number {
    const bins = this.outputSize[0] * this.outputSize[1];
    if (channels % bins === 0) return channels / bins;
    throw new DetLabError(
      `Cannot pool ${channels} channels by position: expected a multiple of ${this.outputSize.join(' x ')} bins. Set output_size to the ` +
        'bins that the score maps are made for',
    );
  }

  forward(features: tf.Tensor4D, rois: tf.Tensor2D, spatialScale: number): tf.Tensor4D {
    const { outputSize, mode } = this;
    return psRoIPool(features, rois, { outputSize, spatialScale, mode, samplingRatio: this.options.sampling_ratio });
  }
}

const shared = {
  kind: 'roi_layer',
  paper: 'Dai, Li, He and Sun, R-FCN: Object Detection via Region-based Fully Convolutional Networks, NeurIPS 2016',
  shapes: 'score maps [N, H, W, C height width], RoIs [K, 5] -> [K, height, width, C]',
} as const;

export const psRoIPoolDefinition = defineModule({
  ...shared,
  type: 'PSRoIPool',
  summary: 'Averages, for each bin of an RoI, the pixels of maps of its own',
  example: "{ type: 'PSRoIPool', output_size: 7 }",
  options,
  build: (given) => new PSRoIPool(given, 'pool'),
});

export const psRoIAlignDefinition = defineModule({
  ...shared,
  type: 'PSRoIAlign',
  summary: 'Averages, for each bin of an RoI, bilinear samples of maps of its own',
  example: "{ type: 'PSRoIAlign', output_size: 7 }",
  options: alignOptions,
  build: (given) => new PSRoIPool(given, 'align'),
});
