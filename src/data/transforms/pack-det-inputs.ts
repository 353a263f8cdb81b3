// PackDetInputs: the last step of a pipeline, the sample as the data preprocessor takes it.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { pixelsOf, type Transform, truthsOf } from './sample';

const META_KEYS = ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip', 'flip_direction'] as const;
/** Of MMDetection's and MMYOLO's configs; a sample has them where a transform set them. */
const MORE_KEYS = ['pad_param', 'batch_shape', 'homography_matrix'] as const;

export const PackDetInputs = defineModule({
  kind: 'transform',
  type: 'PackDetInputs',
  summary: 'Packs pixels, truths and meta information for the model',
  origin: 'MMDetection',
  shapes: 'sample -> { image [H, W, 3] uint8, meta, truths }',
  example: "{ type: 'PackDetInputs' }",
  options: z.strictObject({
    meta_keys: z
      .array(z.enum([...META_KEYS, ...MORE_KEYS]))
      .default([...META_KEYS])
      .describe('Names checked for compatibility; a sample always carries all of them'),
  }),
  build: (): Transform => (sample) => {
    const image = pixelsOf(sample, 'PackDetInputs');
    sample.packed = { image, meta: sample.meta, truths: truthsOf(sample) };
    if (sample.proposals) sample.packed.proposals = sample.proposals;
    return sample;
  },
});
