// PackDetInputs: the last step of a pipeline, packs the sample for the data preprocessor.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { IDENTITY } from '../homography';
import { boxesAgree } from '../move-boxes';
import type { ImagePrompt, Truths } from '../types';
import { pixelsOf, type Transform, truthsOf } from './sample';

const META_KEYS = ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip', 'flip_direction'] as const;
/** Further keys of MMDetection's and MMYOLO's configs; a sample has those that a transform set. */
const MORE_KEYS = ['border', 'pad_param', 'batch_shape', 'homography_matrix'] as const;
/** Of samples with a text: its parts, which such a sample always has. */
const TEXT_KEYS = [
  'caption_prompt',
  'custom_entities',
  'dataset_mode',
  'phrase_ids',
  'phrases',
  'sent_ids',
  'text',
  'tokens_positive',
] as const;
/** Keys that samples of other tasks have: tracking, keypoints. MMDetection leaves out those that are absent. */
const ABSENT_KEYS = [
  'flip_indices',
  'frame_id',
  'gt_masks',
  'id',
  'image_level_labels',
  'instances',
  'ori_video_length',
  'video_id',
  'video_length',
] as const;
const key = ignoredOption('samples have no such entry', {
  schema: z.enum([...META_KEYS, ...MORE_KEYS, ...TEXT_KEYS, ...ABSENT_KEYS]),
  harmless: (given) => !ABSENT_KEYS.some((name) => name === given),
});

export const PackDetInputs = defineModule({
  kind: 'transform',
  type: 'PackDetInputs',
  summary: 'Packs pixels, ground truth and metainfo for the model',
  origin: 'MMDetection',
  shapes: 'sample -> { image [H, W, 3] uint8, meta, truths }',
  example: "{ type: 'PackDetInputs' }",
  options: z.strictObject({
    meta_keys: z
      .array(key)
      .default([...META_KEYS])
      .describe(
        'Entries of the metainfo: a sample always has all of them, but homography_matrix only where it is among these',
      ),
  }),
  build:
    ({ meta_keys }): Transform =>
    (sample) => {
      const image = pixelsOf(sample, 'PackDetInputs');
      if (sample.record.truths.weights && !truthsOf(sample).weights)
        throw new DetLabError(
          `Cannot pack "${sample.meta.imgPath}": a transform of the pipeline has lost the weights of its labels. Train on labels without weights`,
        );
      checkBoxes(truthsOf(sample), sample.meta.imgPath);
      const { homography, ...meta } = sample.meta;
      const moved = meta_keys.includes('homography_matrix') && {
        homography: homography === undefined ? IDENTITY : homography,
      };
      sample.packed = { image, meta: { ...meta, ...moved }, truths: truthsOf(sample) };
      if (sample.prompt) sample.packed.prompt = packedPrompt(sample.prompt, sample.meta.imgPath);
      if (sample.semantic) sample.packed.semantic = sample.semantic;
      if (sample.proposals) sample.packed.proposals = sample.proposals;
      return sample;
    },
});

/** @throws DetLabError for boxes by corners, and where a step has moved the upright boxes alone */
function checkBoxes(truths: Truths, image: string): void {
  if (truths.qboxes)
    throw new DetLabError(
      `Cannot pack "${image}": its boxes are given by four corners, which no detector reads. Put ` +
        "{ type: 'ConvertBoxType', box_type_mapping: { gt_bboxes: 'rbox' } } in the pipeline",
    );
  if (!boxesAgree(truths))
    throw new DetLabError(
      `Cannot pack "${image}": a step of the pipeline has moved or cut its upright boxes, and not its rotated ones. Of the steps that ` +
        'move boxes, Resize, LetterResize, RandomFlip, RandomCrop, RandomRotate, Rotate, Shear, Translate, Mosaic and MixUp move both',
    );
}

/** @throws DetLabError for names of which the pipeline has selected none */
function packedPrompt({ labelMap, ...prompt }: ImagePrompt, image: string): ImagePrompt {
  if (labelMap)
    throw new DetLabError(
      `Cannot pack "${image}": its dataset has a map of names of which none are selected. Put ` +
        "{ type: 'RandomSamplingNegPos' } in the pipeline of training, { type: 'LoadTextAnnotations' } in that of evaluation",
    );
  return prompt;
}
