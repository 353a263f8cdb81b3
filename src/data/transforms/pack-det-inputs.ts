// PackDetInputs: the last step of a pipeline, packs the sample for the data preprocessor.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { pixelsOf, type Transform, truthsOf } from './sample';

const META_KEYS = ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip', 'flip_direction'] as const;
/** Further keys of MMDetection's and MMYOLO's configs; a sample has those that a transform set. */
const MORE_KEYS = ['pad_param', 'batch_shape', 'homography_matrix'] as const;

export const PackDetInputs = defineModule({
  kind: 'transform',
  type: 'PackDetInputs',
  summary: 'Packs pixels, ground truth and metainfo for the model',
  origin: 'MMDetection',
  shapes: 'sample -> { image [H, W, 3] uint8, meta, truths }',
  example: "{ type: 'PackDetInputs' }",
  options: z.strictObject({
    meta_keys: z
      .array(z.enum([...META_KEYS, ...MORE_KEYS]))
      .default([...META_KEYS])
      .describe('Accepted: names are checked, a sample always has all of them'),
  }),
  build: (): Transform => (sample) => {
    const image = pixelsOf(sample, 'PackDetInputs');
    sample.packed = { image, meta: sample.meta, truths: truthsOf(sample) };
    if (sample.proposals) sample.packed.proposals = sample.proposals;
    return sample;
  },
});
