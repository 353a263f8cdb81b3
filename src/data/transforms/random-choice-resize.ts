// RandomChoiceResize (mmcv): Resize to one of several scales.

import { z } from 'zod';
import { defineModule, type ModuleConfig } from '../../catalogue/registry';
import { resizeOptions } from './random-resize';
import type { Transform } from './sample';

const edge = z.number().int().positive();

export const RandomChoiceResize = defineModule({
  kind: 'transform',
  type: 'RandomChoiceResize',
  summary: 'Resizes pixels, boxes and masks to a random one of several scales',
  origin: 'mmcv and MMDetection',
  shapes: '[H, W, 3] -> [h, w, 3]',
  example: "{ type: 'RandomChoiceResize', scales: [[1333, 640], [1333, 800]], keep_ratio: true }",
  options: z.strictObject({
    scales: z
      .array(z.union([edge, z.tuple([edge, edge])]))
      .min(1)
      .describe('[width, height] candidates; one number: a square'),
    ...resizeOptions,
  }),
  build: ({ scales, resize_type, ...rest }, { registry, path }): Transform => {
    const choices = scales.map((scale): ModuleConfig => ({ type: resize_type, ...rest, scale }));
    const built = choices.map((choice) => registry.build('transform', choice, { path }));
    return (sample, random) => built[random.integer(built.length)](sample, random);
  },
});
