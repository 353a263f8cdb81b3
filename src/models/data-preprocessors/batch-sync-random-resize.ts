// BatchSyncRandomResize: while training, every so many batches another size for all images of the next ones (YOLOX). The
// first batches keep their size. Sizes come from a seeded stream of its own.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { Random } from '../../random';
import type { DetBatch } from '../types';

export const batchSyncRandomResize = z.strictObject({
  type: z.literal('BatchSyncRandomResize').describe('Another size every so many batches'),
  random_size_range: z.tuple([z.number(), z.number()]).describe('Least and largest height in pixels'),
  interval: z.number().int().positive().default(10).describe('Batches between two sizes'),
  size_divisor: z.number().int().positive().default(32).describe('Sizes are multiples of this'),
});

export class BatchSyncRandomResize {
  private size: [number, number] | undefined;
  private batches = 0;
  private readonly random = Random.seeded(0);

  constructor(private readonly options: z.output<typeof batchSyncRandomResize>) {}

  /** Resizes the batch, takes its tensor's place, and moves the truths with it. */
  forward(batch: DetBatch): DetBatch {
    const { random_size_range, interval, size_divisor: divisor } = this.options;
    const [height, width] = batch.batchShape;
    this.size ??= [height, width];
    const size = this.size;
    if (++this.batches % interval === 0) {
      const [low, high] = random_size_range.map((v) => Math.round(v / divisor));
      const rows = low + this.random.integer(high - low + 1);
      this.size = [divisor * rows, divisor * Math.trunc((width / height) * rows)];
    }
    const [y, x] = [size[0] / height, size[1] / width];
    if (x === 1 && y === 1) return batch;
    const inputs = tf.tidy(() => tf.image.resizeBilinear(batch.inputs, size, false, true));
    batch.inputs.dispose();
    const scaled = ([h, w]: [number, number]): [number, number] => [Math.trunc(h * y), Math.trunc(w * x)];
    const samples = batch.samples.map((sample) => ({
      ...sample,
      meta: { ...sample.meta, imgShape: scaled(sample.meta.imgShape) },
      truths: { ...sample.truths, bboxes: sample.truths.bboxes.map((v, i) => v * (i & 1 ? y : x)) },
    }));
    return { ...batch, inputs, samples, batchShape: size, padShapes: batch.padShapes?.map(scaled) };
  }
}
