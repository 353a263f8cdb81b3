// BatchFixedSizePad: while training, batches are padded at the bottom and right to one fixed size, so that all are alike.
// A batch as large in both directions stays as it is; one that is larger in one direction only is still said to have the
// fixed size, as in MMDetection. The whole of it counts as image: anchors on the padding learn background.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import type { DetBatch } from '../types';

export const batchFixedSizePad = z.strictObject({
  type: z.literal('BatchFixedSizePad').describe('One size for all batches'),
  size: z.tuple([z.int().positive(), z.int().positive()]).describe('Height and width in pixels'),
  img_pad_value: z.number().default(0).describe('Value of the padding, after normalisation'),
  pad_mask: z.boolean().default(false).describe('Also pad instance masks'),
  mask_pad_value: z.literal(0).default(0).describe('Only 0: masks are padded with background'),
  pad_seg: z.boolean().default(false).describe('Also pad semantic maps'),
  seg_pad_value: z.int().default(255).describe('Value of the padding in semantic maps'),
});

export class BatchFixedSizePad {
  constructor(private readonly options: z.output<typeof batchFixedSizePad>) {}

  /** Pads the batch and takes its tensor's place. */
  forward(batch: DetBatch): DetBatch {
    const { size, img_pad_value, pad_mask, pad_seg, seg_pad_value } = this.options;
    const [, height, width] = batch.inputs.shape;
    const missing = [size[0] - height, size[1] - width].map((n) => Math.max(n, 0));
    if (missing[0] === 0 && missing[1] === 0) return batch;
    const [bottom, right] = missing;
    const inputs = tf.pad4d(
      batch.inputs,
      [
        [0, 0],
        [0, bottom],
        [0, right],
        [0, 0],
      ],
      img_pad_value,
    );
    batch.inputs.dispose();
    const padded = { ...batch, inputs, batchShape: size, padShapes: batch.samples.map(() => size) };
    return { ...padded, ...(pad_mask && { maskShape: size }), ...(pad_seg && { semanticPad: seg_pad_value }) };
  }
}
