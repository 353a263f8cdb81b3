// BboxOverlaps2D: the overlap measure assigners use.

import { z } from 'zod';
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
  summary: 'Overlap of every box of one list with every box of another: iou, iof or giou',
  origin: 'MMDetection',
  shapes: 'boxes [m, 4] and [n, 4] -> [m, n]',
  example: "{ type: 'BboxOverlaps2D' }",
  options: z.strictObject({
    scale: z.number().default(1).describe('Used by MMDetection with half precision only; here overlaps are float32'),
    dtype: z.null().optional().describe('Overlaps are always computed in float32'),
  }),
  build: () => new BboxOverlaps2D(),
});
