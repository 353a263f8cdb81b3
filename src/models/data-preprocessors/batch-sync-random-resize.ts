// BatchSyncRandomResize: while training, every so many iterations another size for all images of the next ones (YOLOX). The
// first batches keep their size. The size follows from the iteration alone, so that a resumed run goes on with the same
// sizes (MMDetection's starts again from the batch's own).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { DetLabError } from '../../errors';
import { scaleBoxes } from '../../geometry/boxes';
import { roundHalfEven } from '../../geometry/round-half-even';
import { Random } from '../../random';
import type { DetBatch } from '../types';

export const batchSyncRandomResize = z.strictObject({
  type: z
    .enum(['BatchSyncRandomResize', 'YOLOXBatchSyncRandomResize'])
    .describe("Another size every so many iterations; the second is MMYOLO's name of the same"),
  random_size_range: z.tuple([z.number(), z.number()]).describe('Minimum and maximum height in pixels'),
  interval: z.number().int().positive().default(10).describe('Iterations between two draws of the size'),
  size_divisor: z.number().int().positive().default(32).describe('Sizes are multiples of this'),
});

export class BatchSyncRandomResize {
  /** Which stretch of `interval` iterations `size` is for. */
  private stretch = 0;
  private size: [number, number] | undefined;
  /** Width over height of the batch before. */
  private aspect: number | undefined;

  constructor(private readonly options: z.output<typeof batchSyncRandomResize>) {}

  /** Resizes the batch, takes its tensor's place, and moves the truths with it. `iteration` counts those before it. */
  forward(batch: DetBatch, iteration: number): DetBatch {
    const [, height, width] = batch.inputs.shape;
    const stretch = Math.floor(iteration / this.options.interval);
    if (stretch > 0 && stretch !== this.stretch) this.size = this.drawn(stretch, this.aspect ?? width / height);
    this.stretch = stretch;
    this.aspect = width / height;
    this.size ??= [height, width];
    const size = this.size;
    const [y, x] = [size[0] / height, size[1] / width];
    if (x === 1 && y === 1) return batch;
    if (batch.samples.some(({ semantic }) => semantic))
      throw new DetLabError(
        'Cannot resize a batch with semantic maps: BatchSyncRandomResize leaves them as they are. Take it out of batch_augments',
      );
    const inputs = tf.tidy(() => tf.image.resizeBilinear(batch.inputs, size, false, true));
    batch.inputs.dispose();
    const scaled = ([h, w]: [number, number]): [number, number] => [Math.trunc(h * y), Math.trunc(w * x)];
    const samples = batch.samples.map((sample) => ({
      ...sample,
      meta: { ...sample.meta, imgShape: scaled(sample.meta.imgShape) },
      truths: { ...sample.truths, bboxes: scaleBoxes(sample.truths.bboxes, [x, y]) },
    }));
    return { ...batch, inputs, samples, batchShape: size, padShapes: batch.padShapes?.map(scaled) };
  }

  private drawn(stretch: number, aspect: number): [number, number] {
    const { random_size_range, size_divisor: divisor } = this.options;
    const [low, high] = random_size_range.map((v) => roundHalfEven(v / divisor));
    const rows = low + Random.seeded(stretch).integer(high - low + 1);
    return [divisor * rows, divisor * Math.trunc(aspect * rows)];
  }
}
