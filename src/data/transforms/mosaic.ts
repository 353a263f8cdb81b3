// Mosaic of MMDetection 3.x, which takes the other images from its MultiImageMixDataset, and of MMYOLO, which loads them
// with `pre_transform`: inside the wrapper it behaves as the former, otherwise as the latter.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Random } from '../../random';
import { mixOptions, mixTransform } from './mix-options';
import { mosaic } from './mosaic-tiles';
import { replacePixels, type Transform } from './sample';

const side = z.number().int().positive();

/** The options that Mosaic and CachedMosaic share. */
export const mosaicOptions = {
  img_scale: z.tuple([side, side]).default([640, 640]).describe('[width, height] that each image is resized to fit'),
  center_ratio_range: z
    .tuple([z.number().nonnegative(), z.number().nonnegative()])
    .default([0.5, 1.5])
    .describe('Range of the mosaic centre, as multiples of img_scale'),
  bbox_clip_border: z.boolean().default(true).describe('Clip boxes to the mosaic'),
  pad_val: z.number().min(0).max(255).default(114).describe('Padding value'),
  prob: z.number().min(0).max(1).default(1).describe('Probability'),
};

const options = z.strictObject({ ...mosaicOptions, ...mixOptions(40) });

/** The mosaic centre [x, y], where the four images meet, in whole pixels. */
export function drawCenter(
  { center_ratio_range: range, img_scale: [w, h] }: Pick<z.output<typeof options>, 'center_ratio_range' | 'img_scale'>,
  random: Random,
): [number, number] {
  return [Math.trunc(random.uniform(...range) * w), Math.trunc(random.uniform(...range) * h)];
}

export const Mosaic = defineModule({
  kind: 'transform',
  type: 'Mosaic',
  summary: 'Mosaic of four images, of twice the size',
  paper: 'Bochkovskiy et al., YOLOv4: Optimal Speed and Accuracy of Object Detection, 2020',
  shapes: '4 x [H, W, 3] -> [2 h, 2 w, 3]',
  example: "{ type: 'Mosaic', img_scale: [640, 640], pad_val: 114 }",
  options,
  build: (o, context): Transform =>
    mixTransform('Mosaic', 3, o, context, (sample, others, random) => {
      const variant = sample.otherImages?.wrapped ? 'mmdet' : 'mmyolo';
      const { image, truths } = mosaic([sample, ...others], drawCenter(o, random), o, variant);
      sample.truths = truths;
      replacePixels(sample, image);
      return sample;
    }),
});
