// MMYOLO's BatchShapePolicy: sorts evaluation images by aspect ratio, so that the images of a batch need little padding.

import { z } from 'zod';
import type { ImageRecord } from '../types';

export const batchShapesOptions = z.strictObject({
  type: z
    .string()
    .regex(/^(mmyolo\.)?BatchShapePolicy$/)
    .describe('BatchShapePolicy'),
  batch_size: z.number().int().positive().default(32).describe('Images per batch'),
  img_size: z.number().positive().default(640).describe('Longer side, pixels'),
  size_divisor: z.number().int().positive().default(32).describe('Sides are rounded up to a multiple of this'),
  extra_pad_ratio: z.number().nonnegative().default(0.5).describe('Padding added, as a fraction of size_divisor'),
});

/** The records sorted by aspect ratio, each with the size [height, width] of its batch. */
export function withBatchShapes(
  records: readonly ImageRecord[],
  given: z.input<typeof batchShapesOptions>,
): ImageRecord[] {
  const { batch_size, img_size, size_divisor, extra_pad_ratio } = batchShapesOptions.parse(given);
  const ratio = ({ width, height }: ImageRecord) => height / width;
  const sorted = [...records].sort((a, b) => ratio(a) - ratio(b));
  const side = (share: number) => Math.ceil((share * img_size) / size_divisor + extra_pad_ratio) * size_divisor;
  return sorted.map((record, i) => {
    const first = i - (i % batch_size);
    const widest = ratio(sorted[first]);
    const tallest = ratio(sorted[Math.min(first + batch_size, sorted.length) - 1]);
    const shape = tallest < 1 ? [tallest, 1] : widest > 1 ? [1, 1 / widest] : [1, 1];
    return { ...record, batchShape: [side(shape[0]), side(shape[1])] };
  });
}
