// ResizeShortestEdge (MMDetection 3.x, after Detectron2): the short side becomes a given number of pixels, unless the long one
// would become too long.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { resizeOptions } from './random-resize';
import { pixelsOf, type Transform } from './sample';

const edge = z.int().positive();

export const ResizeShortestEdge = defineModule({
  kind: 'transform',
  type: 'ResizeShortestEdge',
  summary: 'Resizes pixels, boxes and masks by the length of the short side',
  origin: 'MMDetection, after Detectron2',
  shapes: '[H, W, 3] -> [h, w, 3]',
  example: "{ type: 'ResizeShortestEdge', scale: 800, max_size: 1333 }",
  options: z.strictObject({
    scale: z.union([edge, z.tuple([edge, edge])]).describe('Length of the short side; of two numbers the smaller'),
    max_size: edge.nullish().describe('Maximum length of the long side'),
    ...resizeOptions,
  }),
  build: ({ scale, max_size, resize_type, ...rest }, { registry, path }): Transform => {
    const short = Math.min(...[scale].flat());
    return (sample, random) => {
      const { width, height } = pixelsOf(sample, 'ResizeShortestEdge');
      let factor = short / Math.min(width, height);
      // in MMDetection's order of operations
      let sides = height < width ? [factor * width, short] : [short, factor * height];
      if (max_size && Math.max(...sides) > max_size) {
        factor = max_size / Math.max(...sides);
        sides = sides.map((side) => side * factor);
      }
      const resize = { type: resize_type, ...rest, scale: sides.map((side) => Math.max(1, Math.floor(side + 0.5))) };
      return registry.build('transform', resize, { path })(sample, random);
    };
  },
});
