// GlobalAveragePooling: the mean of each level, of the whole of it or under a window. MMDetection flattens what it gives; here it stays
// a map, [N, 1, 1, C] for the whole.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { Module } from '../../nn';
import type { FeatureSpec, Neck } from '../types';

const side = z.int().positive();
const sides = z
  .union([side, z.tuple([side, side])])
  .nullable()
  .default(null);

const options = z
  .strictObject({
    kernel_size: sides.describe('[height, width] of the window; null: all of the level'),
    stride: sides.describe('Step of the window; null: its size'),
  })
  .refine((o) => o.kernel_size !== null || o.stride === null, {
    error: 'expected kernel_size with a stride',
    path: ['kernel_size'],
  });

const pair = (given: number | [number, number]): [number, number] =>
  typeof given === 'number' ? [given, given] : given;

export class GlobalAveragePooling extends Module implements Neck {
  readonly outputs: FeatureSpec[];

  constructor(
    inputs: FeatureSpec[],
    private readonly given: z.output<typeof options>,
  ) {
    super();
    const { kernel_size: kernel, stride } = given;
    const pooled = kernel === null ? 'wholly' : { window: pair(kernel), step: pair(stride ?? kernel) };
    this.outputs = inputs.map((level) => ({ ...level, pooled }));
  }

  /** [N, H, W, C] -> [N, 1, 1, C] each, or the means under a window. */
  forward(features: tf.Tensor4D[]): tf.Tensor4D[] {
    const { kernel_size: kernel, stride } = this.given;
    if (kernel === null) return features.map((x) => tf.mean(x, [1, 2], true));
    const [height, width] = pair(kernel);
    return features.map((x) => {
      if (x.shape[1] < height || x.shape[2] < width)
        throw new DetLabError(
          `Cannot pool features of ${x.shape[1]} x ${x.shape[2]}: expected at least the kernel_size ${height} x ${width} of ` +
            'GlobalAveragePooling. Resize the images to more pixels',
        );
      return tf.avgPool(x, [height, width], stride ?? [height, width], 'valid');
    });
  }
}

export const globalAveragePooling = defineModule({
  kind: 'neck',
  type: 'GlobalAveragePooling',
  summary: 'The mean of each level: of a model that says one thing of a whole image',
  origin: 'MMDetection',
  shapes: 'levels [N, H, W, C] -> [N, 1, 1, C] each',
  example: "{ type: 'GlobalAveragePooling', kernel_size: [8, 4], stride: 1 }",
  options,
  build: (given, { inputs = [] }) => new GlobalAveragePooling(inputs, given),
});
