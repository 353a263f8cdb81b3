// The options of SORTTracker and StrongSORTTracker.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type AppearanceRequest, score, trackerOptions } from './tracker';

const perChannel = z.tuple([z.number(), z.number(), z.number()]);

/** What a tracker wants of the model that sees what objects look like. */
export const appearanceOptions = {
  num_samples: z
    .int()
    .positive()
    .nullable()
    .describe('How many of the last appearances of a track are averaged; null: the last one alone'),
  img_scale: z
    .tuple([z.int().positive(), z.int().positive()])
    .default([256, 128])
    .describe('[height, width] to which what is in a box is resized'),
  img_norm_cfg: z
    .strictObject({
      mean: perChannel.describe('Subtracted from each channel'),
      std: perChannel.describe('Divides each channel after the mean is subtracted'),
      to_rgb: z.boolean().default(true).describe('RGB in place of BGR'),
    })
    .nullable()
    .default(null)
    .describe('Normalisation of the pixels; null: that of the detector'),
};

export const sortOptions = {
  num_frames_retain: trackerOptions.num_frames_retain,
  momentums: z
    .strictObject({ embeds: score.describe('Weight of the newest appearance') })
    .nullable()
    .default(null)
    .describe('The appearance of a track is averaged over time, in place of over num_samples'),
};

export const motionOptions = {
  type: z.literal('KalmanFilter'),
  center_only: z.boolean().default(false).describe('How far a detection is from a track is about its centre alone'),
};

export const withoutNsa = ignoredOption('SORTTracker does not hand its filter the scores, as in MMDetection', {
  schema: z.boolean().default(false),
  harmless: [false],
});

interface Appearance {
  img_scale: [number, number];
  img_norm_cfg: AppearanceRequest['pixels'] | null;
}

/** What a tracker with these options asks of a model of appearance; nothing without reid. */
export const appearanceOf = (threshold: number, reid: Appearance | null): AppearanceRequest | undefined =>
  reid ? { threshold, size: reid.img_scale, ...(reid.img_norm_cfg && { pixels: reid.img_norm_cfg }) } : undefined;
