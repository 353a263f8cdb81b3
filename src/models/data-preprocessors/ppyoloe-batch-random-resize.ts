// PPYOLOEBatchRandomResize: while training, every image of a batch is resized to one square whose side is drawn anew every so many
// iterations, with an interpolation drawn with it (Xu et al., PP-YOLOE, 2022; MMYOLO). Both follow from the iteration alone, so
// that a resumed run goes on with the same. Before the first draw MMYOLO has no size; here the first stretch has one too.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { scaleBoxes } from '../../geometry/boxes';
import { roundHalfEven } from '../../geometry/round-half-even';
import { interpolate } from '../../ops/interpolate';
import { Random } from '../../random';
import type { DetBatch } from '../types';

const modes = z.enum(['nearest', 'bilinear', 'bicubic', 'area']);
export const ppyoloeBatchRandomResize = z
  .strictObject({
    type: z.literal('PPYOLOEBatchRandomResize').describe('One square size for all images of a batch'),
    random_size_range: z.tuple([z.number(), z.number()]).describe('Minimum and maximum side in pixels'),
    interval: z.int().positive().default(1).describe('Iterations between two draws'),
    size_divisor: z.int().positive().default(32).describe('Sides are multiples of this'),
    random_interp: z.boolean().default(true).describe('Draw the interpolation too'),
    interp_mode: z
      .union([modes, z.array(modes).min(2)])
      .default(['nearest', 'bilinear', 'bicubic', 'area'])
      .describe('Interpolations to draw from; one without random_interp'),
    keep_ratio: z.literal(false).default(false).describe('Must be false, as in MMYOLO'),
  })
  .refine((o) => o.random_interp === Array.isArray(o.interp_mode), {
    path: ['interp_mode'],
    error: 'expected a list to draw from with random_interp, one interpolation without',
  });
type Options = z.output<typeof ppyoloeBatchRandomResize>;

export class PPYOLOEBatchRandomResize {
  constructor(private readonly options: Options) {}

  /** Batches of one image each, taken over, become one batch. */
  join(batches: readonly DetBatch[], iteration: number): DetBatch {
    const { side, mode } = this.drawn(Math.floor((iteration + 1) / this.options.interval));
    const size: [number, number] = [side, side];
    const inputs = tf.tidy(() => tf.concat(batches.map(({ inputs: x }) => interpolate(x, { size, mode }))));
    const samples = batches.flatMap(({ inputs: x, samples }) => {
      const [, height, width] = x.shape;
      return samples.map((sample) => ({
        ...sample,
        meta: { ...sample.meta, imgShape: size },
        truths: { ...sample.truths, bboxes: scaleBoxes(sample.truths.bboxes, [side / width, side / height]) },
      }));
    });
    for (const batch of batches) batch.inputs.dispose();
    return { inputs, samples, batchShape: size, padShapes: samples.map(() => size) };
  }

  private drawn(stretch: number): { side: number; mode: z.output<typeof modes> } {
    const { random_size_range, size_divisor: divisor, interp_mode: mode } = this.options;
    const [low, high] = random_size_range.map((v) => roundHalfEven(v / divisor));
    const random = Random.seeded(stretch);
    const side = divisor * (low + random.integer(high - low + 1));
    return { side, mode: typeof mode === 'string' ? mode : mode[random.integer(mode.length)] };
  }
}
