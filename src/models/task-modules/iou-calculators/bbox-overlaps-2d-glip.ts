// BboxOverlaps2D_GLIP: IoU of boxes that include their last pixel, as GLIP assigns by (Li et al., CVPR 2022).

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import type { OverlapMode } from '../../../geometry/boxes';
import type { IouCalculator } from '../types';

const f = Math.fround;

export class BboxOverlaps2DGLIP implements IouCalculator {
  overlaps(a: Float32Array, b: Float32Array, mode: OverlapMode = 'iou'): Float32Array {
    if (mode !== 'iou')
      throw new DetLabError(`Cannot compute ${mode} with BboxOverlaps2D_GLIP: expected iou. Use BboxOverlaps2D`);
    const [n, m] = [a.length / 4, b.length / 4];
    const side = (low: number, high: number) => f(f(high - low) + 1);
    const area = (boxes: Float32Array, i: number) =>
      f(side(boxes[4 * i], boxes[4 * i + 2]) * side(boxes[4 * i + 1], boxes[4 * i + 3]));
    const overlaps = new Float32Array(n * m);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < m; j++) {
        const [w, h] = [0, 1].map((k) =>
          Math.max(side(Math.max(a[4 * i + k], b[4 * j + k]), Math.min(a[4 * i + 2 + k], b[4 * j + 2 + k])), 0),
        );
        const common = f(w * h);
        overlaps[i * m + j] = common / f(f(area(a, i) + area(b, j)) - common);
      }
    return overlaps;
  }
}

export const bboxOverlaps2DGLIPDefinition = defineModule({
  kind: 'iou_calculator',
  type: 'BboxOverlaps2D_GLIP',
  summary: 'Pairwise IoU of two sets of boxes that include their last pixel',
  paper: 'Li et al., GLIP: Grounded Language-Image Pre-training, CVPR 2022',
  shapes: 'boxes [m, 4] and [n, 4] -> [m, n]',
  example: "{ type: 'BboxOverlaps2D_GLIP' }",
  options: z.strictObject({
    scale: ignoredOption('it is for half precision, and overlaps are float32', {
      schema: z.number().default(1),
      harmless: anyValue,
    }),
    dtype: z.null().optional().describe('Overlaps are always computed in float32'),
  }),
  build: () => new BboxOverlaps2DGLIP(),
});
