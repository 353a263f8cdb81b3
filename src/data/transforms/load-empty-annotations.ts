// LoadEmptyAnnotations (MMDetection 3.x): an image without labels, whatever its record says: those of a data set that is to be learned
// from without them are never seen.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Transform } from './sample';

export const LoadEmptyAnnotations = defineModule({
  kind: 'transform',
  type: 'LoadEmptyAnnotations',
  summary: 'Gives an image no ground truth: no boxes, no masks, a semantic map without classes',
  origin: 'MMDetection',
  shapes: 'record -> boxes [0, 4], labels [0]',
  example: "{ type: 'LoadEmptyAnnotations' }",
  options: z.strictObject({
    with_bbox: z.boolean().default(true).describe('Give it an empty list of boxes; without one it has none either'),
    with_label: z.boolean().default(true).describe('Give it an empty list of labels; without one it has none either'),
    with_mask: z.boolean().default(false).describe('Give it an empty list of masks'),
    with_seg: z.boolean().default(false).describe('Give it a semantic map in which every pixel is ignored'),
    seg_ignore_label: z.int().min(0).max(255).default(255).describe('Value of ignored pixels'),
  }),
  build:
    ({ with_mask, with_seg, seg_ignore_label }): Transform =>
    (sample) => {
      const [height, width] = sample.meta.imgShape;
      sample.truths = { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) };
      // of labels with weights all images have some
      if (sample.record.truths.weights) sample.truths.weights = new Float32Array(0);
      if (with_mask) sample.truths.masks = { kind: 'bitmap', height, width, masks: [] };
      if (with_seg) sample.semantic = { height, width, data: new Uint8Array(height * width).fill(seg_ignore_label) };
      return sample;
    },
});
