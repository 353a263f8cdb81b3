// BatchResize: while training, the whole batch is resized so that its shorter side has one length, unless the longer one exceeds
// another, and padded (CrowdDet, Chu et al., CVPR 2020).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { DetLabError } from '../../errors';
import { scaleBoxes } from '../../geometry/boxes';
import { roundHalfEven } from '../../geometry/round-half-even';
import type { DetBatch } from '../types';

export const batchResize = z.strictObject({
  type: z.literal('BatchResize').describe('The whole batch at one scale'),
  scale: z
    .tuple([z.int().positive(), z.int().positive()])
    .describe('Lengths of the shorter and the longer side, in any order'),
  pad_size_divisor: z.int().positive().default(1).describe('Sizes are multiples of this, by padding'),
  pad_value: z.number().default(0).describe('Value of the padding, after normalisation'),
});

export class BatchResize {
  constructor(private readonly options: z.output<typeof batchResize>) {}

  /** Resizes the batch, takes its tensor's place, and moves the truths with it. */
  forward(batch: DetBatch): DetBatch {
    if (batch.samples.some(({ semantic, truths }) => semantic || truths.masks))
      throw new DetLabError(
        'Cannot resize a batch with masks or semantic maps: BatchResize leaves them as they are. Take it out of batch_augments',
      );
    const { scale: lengths, pad_size_divisor: divisor, pad_value } = this.options;
    const [, height, width] = batch.inputs.shape;
    const [low, high] = [Math.min(...lengths), Math.max(...lengths)];
    const most = Math.max(height, width);
    const ratio = low / Math.min(height, width);
    const scale = ratio * most > high ? high / most : ratio;
    const size: [number, number] = [roundHalfEven(height * scale), roundHalfEven(width * scale)];
    const padded = size.map((side) => Math.ceil(side / divisor) * divisor) as [number, number];
    const inputs = tf.tidy(() => {
      const resized = tf.image.resizeBilinear(batch.inputs, size, false, true);
      const missing = padded.map((side, i): [number, number] => [0, side - size[i]]);
      return tf.pad4d(resized, [[0, 0], missing[0], missing[1], [0, 0]], pad_value);
    });
    batch.inputs.dispose();
    const samples = batch.samples.map((sample) => ({
      ...sample,
      meta: {
        ...sample.meta,
        imgShape: sample.meta.imgShape.map((side) => Math.trunc(side * scale)) as [number, number],
        scaleFactor: [scale, scale] as [number, number],
      },
      truths: { ...sample.truths, bboxes: scaleBoxes(sample.truths.bboxes, [scale, scale]) },
    }));
    return { ...batch, inputs, samples, batchShape: padded, padShapes: samples.map(() => padded) };
  }
}
