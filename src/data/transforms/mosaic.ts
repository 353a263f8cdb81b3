// Mosaic of MMDetection 3.x, which takes the other images from the MultiImageMixDataset around it, and of MMYOLO, which
// takes them from the data set through `pre_transform`: inside the wrapper it behaves as the former, else as the latter.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Random } from '../../random';
import { mixing, mixOptions } from './mix-options';
import { mosaic } from './mosaic-tiles';
import { replacePixels, type Transform } from './sample';

const side = z.number().int().positive();

/** The options that Mosaic and CachedMosaic share. */
export const mosaicOptions = {
  img_scale: z.tuple([side, side]).default([640, 640]).describe('[width, height] that each image is fitted into'),
  center_ratio_range: z
    .tuple([z.number().nonnegative(), z.number().nonnegative()])
    .default([0.5, 1.5])
    .describe('Bounds of the point where the images meet, as multiples of img_scale'),
  bbox_clip_border: z.boolean().default(true).describe('Boxes end at the border'),
  pad_val: z.number().min(0).max(255).default(114).describe('Level where no image lies'),
  prob: z.number().min(0).max(1).default(1).describe('Probability'),
};

const options = z.strictObject({ ...mosaicOptions, ...mixOptions(40) });

/** The point where the four images meet, in whole pixels. */
export function drawCenter(
  { center_ratio_range: range, img_scale: [w, h] }: Pick<z.output<typeof options>, 'center_ratio_range' | 'img_scale'>,
  random: Random,
): [number, number] {
  return [Math.trunc(random.uniform(...range) * w), Math.trunc(random.uniform(...range) * h)];
}

export const Mosaic = defineModule({
  kind: 'transform',
  type: 'Mosaic',
  summary: 'Puts four images into one of twice the size',
  paper: 'Bochkovskiy et al., YOLOv4: Optimal Speed and Accuracy of Object Detection, 2020',
  shapes: '4 x [H, W, 3] -> [2 h, 2 w, 3]',
  example: "{ type: 'Mosaic', img_scale: [640, 640], pad_val: 114 }",
  options,
  build: (o, context): Transform =>
    mixing('Mosaic', 3, o, context, (sample, others, random) => {
      const manner = sample.companions?.wrapped ? 'mmdet' : 'mmyolo';
      const { image, truths } = mosaic([sample, ...others], drawCenter(o, random), o, manner);
      sample.truths = truths;
      replacePixels(sample, image);
      return sample;
    }),
});
