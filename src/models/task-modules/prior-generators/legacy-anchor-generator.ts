// Anchors of MMDetection 1.x: a box from x1 to x2 is x2 - x1 + 1 pixels wide, and coordinates are whole numbers. For checkpoints of
// that time.

import { defineModule } from '../../../catalogue/registry';
import { roundHalfEven } from '../../../geometry/round-half-even';
import { AnchorGenerator, type AnchorGeneratorOptions, anchorGeneratorOptions, cellAnchors } from './anchor-generator';
import { inferStrides } from './infer-strides';
import { SSDAnchorGenerator, ssdAnchorGeneratorOptions } from './ssd-anchor-generator';

/** Anchors of one cell, about the middle of its pixels, one pixel less in width and height. */
const legacyCell: typeof cellAnchors = (size, scales, options, center) => {
  const middle = options.center_offset * (size - 1);
  const anchors = cellAnchors(size, scales, options, center ?? [middle, middle]);
  return anchors.map((v, i) => roundHalfEven(v + (i % 4 < 2 ? 0.5 : -0.5)));
};

export const legacyAnchorGeneratorDefinition = defineModule({
  kind: 'anchor_generator',
  type: 'LegacyAnchorGenerator',
  summary: 'Anchors of MMDetection 1.x, in whole pixels',
  origin: 'MMDetection 1.x; for its checkpoints',
  shapes: 'sizes of the feature levels -> one [H * W * A, 4] per level, for A anchors per cell',
  example:
    "{ type: 'LegacyAnchorGenerator', scales: [8], ratios: [0.5, 1, 2], center_offset: 0.5, strides: [4, 8, 16, 32, 64] }",
  options: anchorGeneratorOptions,
  inferred: { strides: 'the strides of the feature levels' },
  contract: { form: 'boxes' },
  infer: (given, context) => ({ ...given, strides: inferStrides('LegacyAnchorGenerator', given.strides, context) }),
  build: (given: AnchorGeneratorOptions) => new AnchorGenerator({ ...given, strides: given.strides! }, legacyCell),
});

export const legacySSDAnchorGeneratorDefinition = defineModule({
  kind: 'anchor_generator',
  type: 'LegacySSDAnchorGenerator',
  summary: "SSD's anchors of MMDetection 1.x, in whole pixels",
  origin: 'MMDetection 1.x; for its checkpoints',
  shapes: 'sizes of the feature levels -> one [H * W * A, 4] per level, for A anchors per cell',
  example:
    "{ type: 'LegacySSDAnchorGenerator', scale_major: false, input_size: 300, strides: [8, 16, 32, 64, 100, 300], ratios: [[2], [2, 3], [2, 3], [2, 3], [2], [2]] }",
  options: ssdAnchorGeneratorOptions,
  contract: { form: 'boxes' },
  inferred: { strides: 'the strides of the feature levels' },
  infer: (given, context) =>
    given.strides ? given : { ...given, strides: inferStrides('LegacySSDAnchorGenerator', undefined, context) },
  build: (given) => new SSDAnchorGenerator({ ...given, strides: given.strides! }, legacyCell, (stride) => stride - 1),
});
