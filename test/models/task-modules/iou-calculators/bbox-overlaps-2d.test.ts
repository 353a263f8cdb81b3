// BboxOverlaps2D against MMDetection's (box_coders_iou.safetensors).

import { test } from 'vitest';
import { expectRelative, floats } from '../coders/cases';
import { registry } from '../scene';

test.each(['iou', 'giou', 'iof'] as const)('overlaps: %s', (mode) => {
  const calculator = registry.build('iou_calculator', { type: 'BboxOverlaps2D' }, { path: 'iou' });
  const overlaps = calculator.overlaps(floats('props'), floats('gts'), mode);
  expectRelative(overlaps, floats(`overlaps.${mode}`), 1e-6);
  const paired = Float32Array.from({ length: 24 }, (_, i) => overlaps[25 * i]);
  expectRelative(paired, floats(`overlaps_aligned.${mode}`), 1e-6);
});
