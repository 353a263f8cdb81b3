// YOLOv5KeepRatioResize (MMYOLO): Resize that keeps the aspect ratio, truncates sides to whole pixels instead of rounding,
// and shrinks by area interpolation.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { resizeMasks } from '../../masks';
import { clipInstances, scaleInstances } from '../move-boxes';
import { resizeArea } from '../pixels/resize-area';
import { resizeBilinear } from '../pixels/resize-bilinear';
import type { PixelImage } from '../types';
import { fittingFactor } from './resize';
import { bytesOf, fullSize, replacePixels, type Transform } from './sample';

const edge = z.number().int().positive();

/** The image resized to fit inside `scale`. */
export function resizeKeepingRatio(given: PixelImage, scale: readonly [number, number]): PixelImage {
  const { full, ...image } = given;
  const { width, height } = full ?? image;
  const ratio = fittingFactor(width, height, scale);
  if (ratio === 1) return image;
  const resize = ratio < 1 ? resizeArea : resizeBilinear;
  return resize(image, Math.trunc(width * ratio), Math.trunc(height * ratio));
}

export const YOLOv5KeepRatioResize = defineModule({
  kind: 'transform',
  type: 'YOLOv5KeepRatioResize',
  summary: 'Resizes pixels, boxes and masks to fit inside a scale, shrinking by area interpolation',
  origin: 'MMYOLO',
  shapes: '[H, W, 3] -> [h, w, 3]',
  example: "{ type: 'YOLOv5KeepRatioResize', scale: [640, 640] }",
  options: z.strictObject({
    scale: z.union([edge, z.tuple([edge, edge])]).describe('[width, height] to fit inside; one number: a square'),
    scale_factor: z.null().optional().describe('Only null: see scale'),
    keep_ratio: z.literal(true).default(true).describe('Only true'),
    clip_object_border: z.boolean().default(true).describe('Clip boxes to the resized image'),
    backend: z.literal('cv2').default('cv2').describe("cv2's arithmetic, reproduced bit for bit"),
    interpolation: ignoredOption('as in MMYOLO', { schema: z.string().default('bilinear'), harmless: anyValue }),
  }),
  build: ({ scale, clip_object_border }): Transform => {
    const pair: [number, number] = typeof scale === 'number' ? [scale, scale] : scale;
    return (sample) => {
      const image = bytesOf(sample, 'YOLOv5KeepRatioResize');
      const resized = resizeKeepingRatio(image, pair);
      const { width, height } = resized;
      replacePixels(sample, resized);
      const before = fullSize(image);
      const factor: [number, number] = [width / before.width, height / before.height];
      sample.meta.scaleFactor = factor;
      for (const boxes of [sample.truths, sample.proposals])
        if (boxes) {
          Object.assign(boxes, scaleInstances(boxes, factor));
          if (clip_object_border) Object.assign(boxes, clipInstances(boxes, [height, width]));
        }
      if (sample.truths?.masks) sample.truths.masks = resizeMasks(sample.truths.masks, height, width);
      return sample;
    };
  },
});
