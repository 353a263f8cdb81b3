// DeformRoIPool as the layer of an RoI extractor: without offsets, which its two packs predict, it is RoIAlign with a half-pixel shift.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { deformRoIPool } from '../../../ops';
import type { RoILayer } from '../types';

const size = z.number().int().positive();
export const deformRoIPoolOptions = {
  output_size: z.union([size, z.tuple([size, size])]).describe('Bins per side of a pooled RoI, or [height, width]'),
  spatial_scale: z.number().positive().optional().describe('Set by the RoI extractor to 1 / stride of each level'),
  sampling_ratio: z
    .number()
    .int()
    .default(0)
    .describe('Samples per bin and side; 0 or less: adaptive, one per pixel of the bin'),
  gamma: z.number().default(0.1).describe('Factor of the offsets, which are in units of the size of the RoI'),
};
const options = z.strictObject(deformRoIPoolOptions);
type Options = z.output<typeof options>;

export class DeformRoIPool implements RoILayer {
  readonly outputSize: [number, number];

  constructor(private readonly options: Options) {
    const { output_size } = options;
    this.outputSize = typeof output_size === 'number' ? [output_size, output_size] : output_size;
  }

  /** Of the offsets. */
  get gamma(): number {
    return this.options.gamma;
  }

  get sampling(): { samplingRatio: number; aligned: boolean } {
    return { samplingRatio: Math.max(this.options.sampling_ratio, 0), aligned: true };
  }

  /** `offset` [K, height, width, 2]. */
  forward(features: tf.Tensor4D, rois: tf.Tensor2D, spatialScale: number, offset?: tf.Tensor4D): tf.Tensor4D {
    const { sampling_ratio: samplingRatio, gamma } = this.options;
    return deformRoIPool(features, rois, offset, { outputSize: this.outputSize, spatialScale, samplingRatio, gamma });
  }
}

export const deformRoIPoolDefinition = defineModule({
  kind: 'roi_layer',
  type: 'DeformRoIPool',
  summary: 'Averages bilinear samples of an RoI in a fixed grid of bins, which offsets may move',
  paper: 'Dai et al., Deformable Convolutional Networks, ICCV 2017',
  shapes: 'features [N, H, W, C], RoIs [K, 5] -> [K, height, width, C]',
  example: "{ type: 'DeformRoIPool', output_size: 7 }",
  options,
  build: (given) => new DeformRoIPool(given),
});
