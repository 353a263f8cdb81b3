// SimpleRoIAlign: one bilinear sample in the middle of each bin (Kirillov et al., PointRend, CVPR 2020).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { sampleInRois } from '../point-samples';
import type { RoILayer } from '../types';

const size = z.number().int().positive();
const options = z.strictObject({
  output_size: z.union([size, z.tuple([size, size])]).describe('Bins per side of a pooled RoI, or [height, width]'),
  spatial_scale: z.number().positive().optional().describe('Set by the RoI extractor to 1 / stride of each level'),
  aligned: z
    .boolean()
    .default(true)
    .describe('Whether a map begins at the edge of its first pixel; false: in its middle, as in MMDetection 1.x'),
});

export class SimpleRoIAlign implements RoILayer {
  readonly outputSize: [number, number];
  readonly sampling: RoILayer['sampling'];
  private readonly aligned: boolean;

  constructor({ output_size, aligned }: z.output<typeof options>) {
    this.aligned = aligned;
    this.sampling = aligned ? 'centers' : undefined;
    this.outputSize = typeof output_size === 'number' ? [output_size, output_size] : output_size;
  }

  forward(features: tf.Tensor4D, rois: tf.Tensor2D, spatialScale: number): tf.Tensor4D {
    const [height, width] = this.outputSize;
    const flat = rois.dataSync<'float32'>();
    const count = rois.shape[0];
    // x and y in the RoI, row by row
    const grid = Float32Array.from({ length: 2 * height * width }, (_, k) => {
      const bin = k >> 1;
      return k % 2 === 0 ? ((bin % width) + 0.5) / width : (Math.floor(bin / width) + 0.5) / height;
    });
    const points = new Float32Array(count * grid.length);
    for (let i = 0; i < count; i++) points.set(grid, i * grid.length);
    return sampleInRois(features, flat, points, spatialScale, this.aligned).reshape([
      count,
      height,
      width,
      features.shape[3],
    ]);
  }
}

export const simpleRoIAlignDefinition = defineModule({
  kind: 'roi_layer',
  type: 'SimpleRoIAlign',
  summary: 'One bilinear sample of an RoI in the middle of each bin',
  paper: 'Kirillov et al., PointRend: Image Segmentation as Rendering, CVPR 2020',
  shapes: 'features [N, H, W, C], RoIs [K, 5] -> [K, height, width, C]',
  example: "{ type: 'SimpleRoIAlign', output_size: 14 }",
  options,
  build: (given) => new SimpleRoIAlign(given),
});
