// RandomResize (mmcv): Resize to a random scale, between two scales or as a multiple of one.

import { z } from 'zod';
import { defineModule, type ModuleConfig } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { passedBackend, passedInterpolation } from './resize-backend';
import type { Transform } from './sample';

const pair = z.tuple([z.number().int().positive(), z.number().int().positive()]);

/** The options passed to Resize unchanged. */
export const resizeOptions = {
  resize_type: z
    .enum(['Resize', 'FixScaleResize', 'mmdet.Resize', 'mmdet.FixScaleResize'])
    .default('Resize')
    .describe('Transform to resize with'),
  keep_ratio: z.boolean().optional().describe('Resize to fit inside the scale, keeping the aspect ratio'),
  clip_object_border: z.boolean().optional().describe('Clip boxes to the resized image'),
  backend: passedBackend,
  interpolation: passedInterpolation,
};

export const RandomResize = defineModule({
  kind: 'transform',
  type: 'RandomResize',
  summary: 'Resizes pixels, boxes and masks to a random scale',
  origin: 'mmcv and MMDetection',
  shapes: '[H, W, 3] -> [h, w, 3]',
  example: "{ type: 'RandomResize', scale: [[2048, 800], [2048, 1024]], keep_ratio: true }",
  options: z.strictObject({
    scale: z
      .union([pair, z.tuple([pair, pair])])
      .describe('[width, height] multiplied by a draw from ratio_range, or two of them as bounds'),
    ratio_range: z
      .tuple([z.number().positive(), z.number().positive()])
      .nullish()
      .describe('Range of the multiple, with one scale'),
    ...resizeOptions,
  }),
  build: ({ scale, ratio_range, resize_type, ...rest }, { registry, path }): Transform => {
    const single = typeof scale[0] === 'number' ? (scale as [number, number]) : undefined;
    if (single && !ratio_range)
      throw new DetLabError(
        `Cannot build RandomResize at ${path}: expected ratio_range with a single scale, received none. Add e.g. ratio_range: [0.8, 1.25], or give two scales`,
      );
    return (sample, random) => {
      let target: [number, number];
      if (single) {
        const ratio = random.uniform(...ratio_range!);
        target = [Math.trunc(single[0] * ratio), Math.trunc(single[1] * ratio)];
      } else {
        const [a, b] = scale as [[number, number], [number, number]];
        const between = (x: number, y: number) => Math.min(x, y) + random.integer(Math.abs(x - y) + 1);
        target = [between(a[0], b[0]), between(a[1], b[1])];
      }
      const resize: ModuleConfig = { type: resize_type, ...rest, scale: target.map((v) => Math.max(v, 1)) };
      return registry.build('transform', resize, { path })(sample, random);
    };
  },
});
