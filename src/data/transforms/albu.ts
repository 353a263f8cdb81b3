// Albu (MMDetection 3.x): transforms of the albumentations library, of which those are here that its and MMYOLO's configs name;
// others are rejected by name. Objects that are moved out of the image are dropped with their labels and masks, whether or not
// `filter_lost_elements` is set: MMDetection keeps the masks of lost boxes without it.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { boxesWhere } from '../../geometry/boxes';
import type { Random } from '../../random';
import { takeInstances } from '../instances';
import { applyLeaf, leafSteps } from './albu-steps';
import { bytesOf, type Sample, type Transform } from './sample';

const oneOf = z.strictObject({
  type: z.literal('OneOf'),
  transforms: z.array(leafSteps).min(1).describe('Transforms, of which one is applied: p of each is its weight'),
  p: z.number().min(0).max(1).default(0.5).describe('Probability'),
});
const steps = z.discriminatedUnion('type', [oneOf, ...leafSteps.options]);
type Step = z.output<typeof steps>;

const bound = z.number().nonnegative().default(0);
const bboxParams = z.strictObject({
  type: z.literal('BboxParams').optional().describe('Its class'),
  format: z.literal('pascal_voc').default('pascal_voc').describe('Only "pascal_voc": corners in pixels'),
  label_fields: ignoredOption('all that belongs to a box stays with it', {
    schema: z.array(z.string()).nullish(),
    harmless: anyValue,
  }),
  min_area: bound.describe('Minimum area of a box, pixels'),
  min_visibility: z.literal(0).default(0).describe('Only 0: boxes stay however much of them is outside of the image'),
  min_width: bound.describe('Minimum width of a box, pixels'),
  min_height: bound.describe('Minimum height of a box, pixels'),
  check_each_transform: z
    .literal(true)
    .default(true)
    .describe('Only true: lost boxes are dropped after each transform'),
  filter_lost_elements: ignoredOption('lost objects are always dropped', {
    schema: z.boolean().optional(),
    harmless: anyValue,
  }),
});
type BoxParams = z.output<typeof bboxParams>;

function indexByWeight(weights: readonly number[], random: Random): number {
  let left = random.uniform() * weights.reduce((a, b) => a + b, 0);
  const found = weights.findIndex((weight) => (left -= weight) < 0);
  return found < 0 ? weights.length - 1 : found;
}

async function applyStep(sample: Sample, step: Step, random: Random): Promise<Sample> {
  if (step.type !== 'OneOf')
    return random.uniform() < step.p || step.always_apply ? applyLeaf(sample, step, random) : sample;
  if (random.uniform() >= step.p) return sample;
  const weights = step.transforms.map(({ p }) => p);
  const chosen = step.transforms[indexByWeight(weights, random)];
  random.uniform(); // albumentations draws for the chosen one, too, and applies it anyway
  return applyLeaf(sample, chosen, random);
}

/** The objects whose clipped box is not lost. */
function withoutLost(sample: Sample, { min_area, min_width, min_height }: BoxParams): Sample {
  const { truths } = sample;
  if (!truths) return sample;
  const kept = boxesWhere(truths.bboxes, (x1, y1, x2, y2) => {
    const [w, h] = [x2 - x1, y2 - y1];
    return w * h !== 0 && w * h >= min_area && w >= min_width && h >= min_height;
  });
  return kept.length === truths.labels.length ? sample : { ...sample, truths: takeInstances(truths, kept) };
}

export const Albu = defineModule({
  kind: 'transform',
  type: 'Albu',
  summary: 'Transforms of albumentations: blurs, colours, JPEG compression, ShiftScaleRotate, OneOf',
  origin: 'MMDetection, after albumentations 1.3.1',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'Albu', transforms: [{ type: 'Blur', p: 0.01 }, { type: 'ToGray', p: 0.01 }] }",
  options: z.strictObject({
    transforms: z.array(steps).describe('Transforms, in order'),
    bbox_params: bboxParams.nullish().describe('Which boxes are dropped'),
    keymap: ignoredOption('images have one name', {
      schema: z.record(z.string(), z.string()).nullish(),
      harmless: anyValue,
    }),
    skip_img_without_anno: z
      .boolean()
      .default(false)
      .describe('Discard an image without objects, and take another one'),
  }),
  build: ({ transforms, bbox_params, skip_img_without_anno }): Transform => {
    const params = bboxParams.parse(bbox_params ?? {});
    const moves = ({ type, ...rest }: Step) =>
      type === 'ShiftScaleRotate' ||
      ('transforms' in rest && rest.transforms.some((inner) => inner.type === 'ShiftScaleRotate'));
    return async (sample, random) => {
      bytesOf(sample, 'Albu');
      let current = sample;
      for (const step of transforms) {
        current = await applyStep(current, step, random);
        if (moves(step) || bbox_params) current = withoutLost(current, params);
      }
      return skip_img_without_anno && current.truths?.labels.length === 0 ? undefined : current;
    };
  },
});
