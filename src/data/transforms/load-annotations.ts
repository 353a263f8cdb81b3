// LoadAnnotations: the record's truths join the sample. Transforms that follow move the boxes with the pixels.

import { z } from 'zod';
import { defineModule } from '../../registry';
import type { Transform } from './sample';

export const LoadAnnotations = defineModule({
  kind: 'transform',
  type: 'LoadAnnotations',
  summary: "Takes a record's boxes and labels into the sample",
  shapes: 'truths: boxes [n, 4] xyxy, labels [n], ignored [n]',
  example: "{ type: 'LoadAnnotations', with_bbox: true }",
  options: z.strictObject({
    with_bbox: z.boolean().default(true).describe('Take the boxes'),
    with_label: z.boolean().default(true).describe('Take the labels; without them every label is 0'),
    with_mask: z.literal(false).default(false).describe('Only false: masks are not read'),
    with_seg: z.literal(false).default(false).describe('Only false: segmentation maps are not read'),
    poly2mask: z.boolean().default(true).describe('Accepted for compatibility; concerns masks'),
    box_type: z.literal('hbox').default('hbox').describe('Only "hbox": upright boxes'),
    backend_args: z.null().default(null).describe('Only null'),
  }),
  build:
    (options): Transform =>
    (sample) => {
      const { bboxes, labels, ignored } = sample.record.truths;
      const n = options.with_bbox ? labels.length : 0;
      sample.truths = {
        bboxes: bboxes.slice(0, 4 * n),
        labels: options.with_label ? labels.slice(0, n) : new Int32Array(n),
        ignored: ignored.slice(0, n),
      };
      return sample;
    },
});
