// BBoxL1Cost: L1 distance of box coordinates normalised by the image size (Carion et al., DETR, ECCV 2020).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { Given } from '../assigners/predictions-of';
import type { Instances, Size } from '../types';
import { type MatchCost, pairwise } from './match-cost';

const options = z.strictObject({
  box_format: z.enum(['xyxy', 'xywh']).default('xyxy').describe('xyxy compares corners, xywh centres and sizes'),
  weight: z.number().default(1).describe('Weight of the cost'),
});
type Options = z.output<typeof options>;

const f = Math.fround;

export class BBoxL1Cost implements MatchCost {
  readonly needs = ['boxes'] as const;

  constructor(private readonly options: Options) {}

  cost({ boxes, count }: Given<'boxes'>, truths: Instances, [height, width]: Size): Float32Array {
    const [a, b] = [boxes, truths.bboxes].map((corners) => {
      const form = this.options.box_format === 'xywh' ? toCenterSize(corners) : corners;
      return form.map((v, k) => v / (k & 1 ? height : width));
    });
    return pairwise(count, truths.labels.length, (i, j) => {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum = f(sum + Math.abs(f(a[4 * i + k] - b[4 * j + k])));
      return sum * this.options.weight;
    });
  }
}

/** Corners to centre and size. */
function toCenterSize(boxes: Float32Array): Float32Array {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4)
    for (const k of [0, 1]) {
      out[i + k] = f(boxes[i + k] + boxes[i + 2 + k]) / 2;
      out[i + 2 + k] = boxes[i + 2 + k] - boxes[i + k];
    }
  return out;
}

export const bboxL1CostDefinition = defineModule({
  kind: 'match_cost',
  type: 'BBoxL1Cost',
  summary: 'L1 distance of box coordinates normalised by the image size',
  paper: 'Carion et al., DETR, ECCV 2020',
  shapes: 'boxes [n, 4], ground truth [K, 4] -> costs [n, K]',
  example: "{ type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' }",
  options,
  build: (given) => new BBoxL1Cost(given),
});
