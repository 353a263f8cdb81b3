// RoIAlign as the layer of an RoI extractor (He et al., Mask R-CNN, ICCV 2017).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { type RoIAlignOptions, roiAlign } from '../../../ops';
import { roiAlignMax } from '../../../ops/roi-align-max';
import type { RoILayer } from '../types';

const size = z.number().int().positive();
const options = z.strictObject({
  output_size: z.union([size, z.tuple([size, size])]).describe('Bins per side of a pooled RoI, or [height, width]'),
  spatial_scale: z.number().positive().optional().describe('Set by the RoI extractor to 1 / stride of each level'),
  sampling_ratio: z
    .number()
    .int()
    .default(0)
    .describe('Samples per bin and side; 0 or less: adaptive, one per pixel of the bin'),
  pool_mode: z.enum(['avg', 'max']).default('avg').describe('Mean or largest of the samples of a bin'),
  aligned: z.boolean().default(true).describe('Shift RoIs by half a pixel, so that bins align with pixel centers'),
  use_torchvision: ignoredOption('one kernel does what both do', {
    schema: z.boolean().default(false),
    harmless: anyValue,
  }),
});
type Options = z.output<typeof options>;

export class RoIAlign implements RoILayer {
  readonly outputSize: [number, number];

  constructor(private readonly options: Options) {
    const { output_size } = options;
    this.outputSize = typeof output_size === 'number' ? [output_size, output_size] : output_size;
  }

  /** Of means alone: no program that cannot call it takes maxima. */
  get sampling(): RoILayer['sampling'] {
    return this.options.pool_mode === 'avg' ? this.grid : undefined;
  }

  private get grid(): Required<Pick<RoIAlignOptions, 'samplingRatio' | 'aligned'>> {
    const { sampling_ratio, aligned } = this.options;
    return { samplingRatio: Math.max(sampling_ratio, 0), aligned };
  }

  forward(features: tf.Tensor4D, rois: tf.Tensor2D, spatialScale: number): tf.Tensor4D {
    const pool = this.options.pool_mode === 'avg' ? roiAlign : roiAlignMax;
    return pool(features, rois, { outputSize: this.outputSize, spatialScale, ...this.grid });
  }
}

export const roiAlignDefinition = defineModule({
  kind: 'roi_layer',
  type: 'RoIAlign',
  summary: 'Mean or largest of bilinear samples of an RoI in a fixed grid of bins',
  paper: 'He et al., Mask R-CNN, ICCV 2017',
  shapes: 'features [N, H, W, C], RoIs [K, 5] -> [K, height, width, C]',
  example: "{ type: 'RoIAlign', output_size: 7, sampling_ratio: 0 }",
  options,
  build: (given) => new RoIAlign(given),
});
