// PackReIDInputs: the last step of a pipeline of images of one object each. The identity is that of the record: no annotations are loaded.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { pixelsOf, type Transform } from './sample';

const key = z.enum(['img_path', 'ori_shape', 'img_shape', 'scale', 'scale_factor', 'flip', 'flip_direction']);

export const PackReIDInputs = defineModule({
  kind: 'transform',
  type: 'PackReIDInputs',
  summary: 'Packs pixels, identity and metainfo of an image for the model',
  origin: 'MMDetection',
  shapes: 'sample -> { image [H, W, 3], meta, truths of one box: the image }',
  example: "{ type: 'PackReIDInputs', meta_keys: ['flip', 'flip_direction'] }",
  options: z.strictObject({
    meta_keys: z
      .union([key, z.array(key)])
      .nullable()
      .default([])
      .describe('Entries of the metainfo: names are checked, a sample always has all of them'),
  }),
  build: (): Transform => (sample) => {
    const image = pixelsOf(sample, 'PackReIDInputs');
    const truths = {
      bboxes: Float32Array.of(0, 0, image.width, image.height),
      labels: sample.record.truths.labels.slice(0, 1),
      ignored: new Uint8Array(1),
    };
    sample.packed = { image, meta: sample.meta, truths };
    return sample;
  },
});
