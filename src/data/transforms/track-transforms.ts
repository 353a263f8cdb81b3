// The transforms of videos that do to a frame what others do to an image: LoadTrackAnnotations, with the identities of objects, and
// PackTrackInputs.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { PackedSample } from '../types';
import { LoadAnnotations } from './load-annotations';
import { PackDetInputs } from './pack-det-inputs';
import type { Transform } from './sample';

export const LoadTrackAnnotations = defineModule({
  ...LoadAnnotations,
  type: 'LoadTrackAnnotations',
  summary: 'Loads the ground truth of a frame, with the identity of each object',
  origin: 'MMDetection',
  example: "{ type: 'LoadTrackAnnotations' }",
});

const META_KEYS = [
  'img_id',
  'img_path',
  'ori_shape',
  'img_shape',
  'scale_factor',
  'flip',
  'flip_direction',
  'frame_id',
  'video_id',
  'video_length',
  'ori_video_length',
  'instances',
] as const;
const keys = z.union([z.enum(META_KEYS), z.array(z.enum(META_KEYS))]);

export const PackTrackInputs = defineModule({
  kind: 'transform',
  type: 'PackTrackInputs',
  summary: 'Packs pixels, ground truth and metainfo of a frame, and of the frames it is learned with, for the model',
  origin: 'MMDetection',
  shapes: PackDetInputs.shapes,
  example: "{ type: 'PackTrackInputs' }",
  options: z.strictObject({
    meta_keys: keys.nullish().describe('Accepted: names are checked, a sample always has all of them'),
    default_meta_keys: keys.default([...META_KEYS]).describe('Accepted, as meta_keys'),
  }),
  build: (_, context): Transform => {
    const pack = PackDetInputs.build(PackDetInputs.options.parse({}), context);
    return async (sample, random) => {
      const { clip } = sample;
      const packed = await pack(sample, random);
      if (!clip || !packed?.packed) return packed;
      const others: PackedSample[] = [];
      for (const other of clip.others) others.push((await pack(other, random))!.packed!);
      packed.packed.clip = { ...clip, others };
      return packed;
    };
  },
});
