// RBboxOverlaps2D: the IoU calculator of assigners of rotated boxes (MMRotate).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import type { OverlapMode } from '../../../geometry/boxes';
import { rotatedOverlaps } from '../../../geometry/rotated-overlaps';
import type { IouCalculator } from '../types';

export class RBboxOverlaps2D implements IouCalculator {
  readonly rotated = true;

  overlaps(a: Float32Array, b: Float32Array, mode: OverlapMode = 'iou'): Float32Array {
    if (mode !== 'giou') return rotatedOverlaps(a, b, mode);
    throw new DetLabError(
      'Cannot compute giou with RBboxOverlaps2D: expected iou or iof. There is no GIoU of rotated boxes',
    );
  }
}

export const rbboxOverlaps2DDefinition = defineModule({
  kind: 'iou_calculator',
  type: 'RBboxOverlaps2D',
  summary: 'Pairwise IoU or IoF of two sets of rotated boxes',
  origin: 'MMRotate',
  shapes: 'boxes [m, 5] and [n, 5] (center, sides, angle) -> [m, n]',
  example: "{ type: 'RBboxOverlaps2D' }",
  options: z.strictObject({}),
  build: () => new RBboxOverlaps2D(),
});
