// Pad (mmcv / MMDetection 3.x): pads the image at the bottom and right; boxes are unchanged.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { cropSemantic, padMasks } from '../../masks';
import { colourOf, pastePixels, solidImage } from '../pixels/pixel-image';
import type { AnyImage } from '../types';
import { pixelsOf, type Transform } from './sample';

const gray = z.number().int().min(0).max(255);
const fill = z.union([gray, z.tuple([gray, gray, gray])]);
const edge = z.number().int().positive().max(32_768);

export const padValueOption = z
  .union([fill, z.strictObject({ img: fill.default(0), seg: z.number().int().default(255) })])
  .default({ img: 0, seg: 255 })
  .describe('Padding value: a gray level, or { img: [b, g, r], seg: class in semantic maps }');

export const Pad = defineModule({
  kind: 'transform',
  type: 'Pad',
  summary: 'Pads the image at the bottom and right',
  origin: 'mmcv and MMDetection',
  shapes: '[H, W, 3] -> [h >= H, w >= W, 3]',
  example: "{ type: 'Pad', size_divisor: 32 }",
  options: z.strictObject({
    size: z.tuple([edge, edge]).nullish().describe('Padded [width, height]'),
    size_divisor: edge.nullish().describe('Pad width and height to a multiple of this'),
    pad_to_square: z.boolean().default(false).describe('Pad to a square first'),
    pad_val: padValueOption,
    padding_mode: z.literal('constant').default('constant').describe('Only "constant"'),
  }),
  build: (options): Transform => {
    if (!options.size && !options.size_divisor && !options.pad_to_square)
      throw new DetLabError('Cannot build Pad: expected `size`, `size_divisor` or `pad_to_square`, received none');
    if (options.size && (options.size_divisor || options.pad_to_square))
      throw new DetLabError(
        'Cannot build Pad: expected either `size` or `size_divisor` and `pad_to_square`, received both. Remove one of them',
      );
    const value =
      typeof options.pad_val === 'object' && 'img' in options.pad_val ? options.pad_val.img : options.pad_val;
    const { pad_val: given } = options;
    const semanticValue = typeof given === 'object' && 'seg' in given ? given.seg : 255;
    return (sample) => {
      const image = pixelsOf(sample, 'Pad');
      let [width, height] = [image.width, image.height];
      if (options.pad_to_square) width = height = Math.max(width, height);
      if (options.size_divisor) {
        const d = options.size_divisor;
        [width, height] = [Math.ceil(width / d) * d, Math.ceil(height / d) * d];
      }
      if (options.size) [width, height] = [Math.max(width, options.size[0]), Math.max(height, options.size[1])];
      sample.image = padPixels(image, width, height, colourOf(value, image.order));
      sample.meta.imgShape = [height, width];
      if (sample.semantic)
        sample.semantic = cropSemantic(sample.semantic, { left: 0, top: 0, width, height }, semanticValue);
      if (sample.truths?.masks) sample.truths.masks = padMasks(sample.truths.masks, height, width);
      return sample;
    };
  },
});

/** `image` at the top left of a `width` x `height` canvas of `colour` (in the image's channel order). */
function padPixels(image: AnyImage, width: number, height: number, colour: readonly number[]): AnyImage {
  if (width === image.width && height === image.height) return image;
  const field = solidImage(image, width, height, colour);
  pastePixels(field, image, 0, 0);
  return field;
}
