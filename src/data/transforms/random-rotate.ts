// RandomRotate and mmrotate.Rotate: turn the image about its center, by any angle, and its boxes with it (MMRotate). Objects whose
// centers leave the image are dropped.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { takeInstances } from '../instances';
import { clipInstances, instancesInside, turnInstances } from '../move-boxes';
import { colourOf } from '../pixels/pixel-image';
import { rotationAbout, warpAffine } from '../pixels/warp-affine';
import type { ProposalBoxes, Truths } from '../types';
import { mappedMasks } from './geometric';
import { bytesOf, replacePixels, type Sample, type Transform } from './sample';

const gray = z.number().min(0).max(255);
const turnOptions = {
  img_border_value: z
    .union([gray, z.tuple([gray, gray, gray])])
    .default(0)
    .describe('Fill colour outside the image: a gray level, or b, g, r'),
  mask_border_value: z.literal(0).default(0).describe('Only 0: there are no objects outside the image'),
  seg_ignore_label: ignoredOption('semantic maps are refused here', { schema: z.int().default(255) }),
  interpolation: z.literal('bilinear').default('bilinear').describe('Only "bilinear"'),
};

/** The pixels of a sample and its ground truth, turned clockwise. */
function turn(sample: Sample, degrees: number, border: number | readonly number[], type: string): Sample {
  const image = bytesOf(sample, type);
  const { width, height } = image;
  const size: [number, number] = [height, width];
  // the center of the pixels is half a pixel before that of the boxes, which end where the last pixel ends
  const ofPixels = rotationAbout([(width - 1) * 0.5, (height - 1) * 0.5], -degrees);
  const ofBoxes = rotationAbout([width * 0.5, height * 0.5], -degrees);
  replacePixels(sample, warpAffine(image, ofPixels, colourOf(border, image.order)));
  const turned = <T extends Truths | ProposalBoxes>(instances: T): T => {
    const moved = turnInstances(instances, ofBoxes, degrees);
    return takeInstances(clipInstances(moved, size), instancesInside(moved, size));
  };
  if (sample.proposals) sample.proposals = turned(sample.proposals);
  if (!sample.truths) return sample;
  const { masks } = sample.truths;
  sample.truths = turned({ ...sample.truths, ...(masks && { masks: mappedMasks(masks, ofPixels) }) });
  return sample;
}

export const MMRotateRotate = defineModule({
  kind: 'transform',
  type: 'mmrotate.Rotate',
  summary: 'Turns the image and its ground truth clockwise by an angle',
  origin: 'MMRotate',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'mmrotate.Rotate', rotate_angle: 30 }",
  options: z.strictObject({ rotate_angle: z.number().describe('Degrees, clockwise'), ...turnOptions }),
  build:
    ({ rotate_angle, img_border_value }): Transform =>
    (sample) =>
      turn(sample, rotate_angle, img_border_value, 'mmrotate.Rotate'),
});

/** Quarter turns, after which upright objects are upright. */
const QUARTERS = [90, 180, -90, -180];

export const RandomRotate = defineModule({
  kind: 'transform',
  type: 'RandomRotate',
  summary: 'Turns the image and its ground truth by a random angle, by quarters where upright objects are in it',
  origin: 'MMRotate',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'RandomRotate', prob: 0.5, angle_range: 180, rect_obj_labels: [9, 11] }",
  options: z.strictObject({
    prob: z.number().min(0).max(1).default(0.5).describe('Probability'),
    angle_range: z
      .number()
      .positive()
      .max(180)
      .default(180)
      .describe('Degrees up to which it turns, in either direction'),
    rect_obj_labels: z
      .array(z.int().min(0))
      .nullable()
      .default(null)
      .describe('Labels of objects that are always upright: an image with one of them is turned by quarters'),
    rotate_type: z
      .string()
      .regex(/^(mmrotate\.)?Rotate$/, 'expected "mmrotate.Rotate"')
      .default('Rotate')
      .describe('Only mmrotate.Rotate'),
    ...turnOptions,
  }),
  build: (o): Transform => {
    const upright = new Set(o.rect_obj_labels ?? []);
    return (sample, random) => {
      if (random.uniform() >= o.prob) return sample;
      const free = o.angle_range * (2 * random.uniform() - 1);
      const hasUpright = sample.truths?.labels.some((label) => upright.has(label)) ?? false;
      const degrees = hasUpright ? QUARTERS[random.integer(QUARTERS.length)] : free;
      return turn(sample, degrees, o.img_border_value, 'RandomRotate');
    };
  },
});
