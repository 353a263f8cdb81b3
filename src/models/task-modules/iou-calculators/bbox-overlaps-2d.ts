// BboxOverlaps2D: the IoU calculator of assigners.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { bboxOverlaps, type OverlapMode } from '../../../geometry/boxes';
import type { IouCalculator } from '../types';

export class BboxOverlaps2D implements IouCalculator {
  overlaps(a: Float32Array, b: Float32Array, mode: OverlapMode = 'iou'): Float32Array {
    return bboxOverlaps(a, b, mode);
  }
}

export const bboxOverlaps2DDefinition = defineModule({
  kind: 'iou_calculator',
  type: 'BboxOverlaps2D',
  summary: 'Pairwise IoU, IoF or GIoU of two sets of boxes',
  origin: 'MMDetection',
  shapes: 'boxes [m, 4] and [n, 4] -> [m, n]',
  example: "{ type: 'BboxOverlaps2D' }",
  options: z.strictObject({
    scale: ignoredOption('it is for half precision, and overlaps are float32', {
      schema: z.number().default(1),
      harmless: anyValue,
    }),
    dtype: z.null().optional().describe('Overlaps are always computed in float32'),
  }),
  build: () => new BboxOverlaps2D(),
});
