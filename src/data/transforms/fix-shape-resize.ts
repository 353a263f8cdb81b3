// FixShapeResize (MMDetection 3.x): resizes to one size or, keeping the aspect ratio, to fit inside it, with padding at the
// bottom and right.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { padValueOption } from './pad';
import { fitInside, resizeSample } from './resize';
import { backendOption, checkInterpolation, interpolationOption } from './resize-backend';
import { pixelsOf, type Transform } from './sample';

const edge = z.int().positive().max(32_768);

export const FixShapeResize = defineModule({
  kind: 'transform',
  type: 'FixShapeResize',
  summary: 'Resizes to one size; keep_ratio pads what the aspect ratio leaves free',
  origin: 'MMDetection',
  shapes: '[H, W, 3] -> [height, width, 3]',
  example: "{ type: 'FixShapeResize', width: 640, height: 640, keep_ratio: true }",
  options: z.strictObject({
    width: edge.describe('Width of the output'),
    height: edge.describe('Height of the output'),
    pad_val: padValueOption,
    keep_ratio: z.boolean().default(false).describe('Keep the aspect ratio, and pad'),
    clip_object_border: z.boolean().default(true).describe('Clip boxes to the resized image'),
    backend: backendOption,
    interpolation: interpolationOption,
  }),
  build: (o, { registry, path }): Transform => {
    const size: [number, number] = [o.width, o.height];
    checkInterpolation('FixShapeResize', o);
    if (!o.keep_ratio) return (sample) => resizeSample(sample, size, o, 'FixShapeResize');
    const pad = registry.build('transform', { type: 'Pad', size, pad_val: o.pad_val }, { path });
    return (sample, random) => {
      const { width, height } = pixelsOf(sample, 'FixShapeResize');
      const factor = Math.min(o.width / width, o.height / height);
      const fitted = [width, height].map((side) => Math.max(1, Math.floor(side * factor + 0.5))) as [number, number];
      // as in MMDetection, boxes are scaled by the exact factor
      const inside = fitInside(width, height, fitted);
      return pad(resizeSample(sample, inside, o, 'FixShapeResize', [factor, factor]), random);
    };
  },
});
