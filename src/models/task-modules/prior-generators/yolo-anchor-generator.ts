// YOLOAnchorGenerator: anchors of given widths and heights at the centre of every cell (Redmon and Farhadi, YOLO9000,
// CVPR 2017).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { useBoxType } from '../use-box-type-option';
import { AnchorGenerator } from './anchor-generator';
import { inferStrides, type StrideOption } from './infer-strides';

const pair = z.union([z.number().positive(), z.tuple([z.number().positive(), z.number().positive()])]);

export class YOLOAnchorGenerator extends AnchorGenerator {
  constructor(strides: StrideOption[], baseSizes: [number, number][][]) {
    if (strides.length !== baseSizes.length)
      throw new DetLabError(
        `Cannot build YOLOAnchorGenerator: expected as many base_sizes as strides (${strides.length}), received ${baseSizes.length}`,
      );
    super({ strides, ratios: [1], scales: [1], scale_major: true, center_offset: 0, use_box_type: false });
    const anchors = baseSizes.map((sizes, k) => {
      const [x, y] = this.strides[k].map((s) => s / 2);
      return Float32Array.from(sizes.flatMap(([w, h]) => [x - 0.5 * w, y - 0.5 * h, x + 0.5 * w, y + 0.5 * h]));
    });
    this.baseAnchors.splice(0, this.baseAnchors.length, ...anchors);
  }
}

export const yoloAnchorGeneratorDefinition = defineModule({
  kind: 'anchor_generator',
  type: 'YOLOAnchorGenerator',
  summary: 'Anchors of given widths and heights at the centre of every cell',
  paper: 'Redmon and Farhadi, YOLO9000, CVPR 2017',
  shapes: 'sizes of the feature levels -> one [H * W * A, 4] per level, for A anchors per cell',
  example:
    "{ type: 'YOLOAnchorGenerator', base_sizes: [[[116, 90], [156, 198]], [[30, 61], [62, 45]]], strides: [32, 16] }",
  options: z.strictObject({
    strides: z.array(pair).min(1).optional().describe('Stride of each level in pixels, or [x, y]'),
    base_sizes: z
      .array(z.array(z.tuple([z.number().positive(), z.number().positive()])))
      .min(1)
      .describe('Of each level: [width, height] of its anchors'),
    use_box_type: useBoxType,
  }),
  contract: { form: 'boxes' },
  inferred: { strides: 'the strides of the feature levels' },
  infer: (given, context) => ({ ...given, strides: inferStrides('YOLOAnchorGenerator', given.strides, context) }),
  build: (given) => new YOLOAnchorGenerator(given.strides!, given.base_sizes),
});
