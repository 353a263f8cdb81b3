// RandomFlip (mmcv / MMDetection 3.x): flips pixels, boxes and masks at random, in one of the directions.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { FlipDirection } from '../../geometry/boxes';
import { flipMasks, flipSemantic } from '../../masks';
import type { Random } from '../../random';
import { recordMove } from '../homography';
import { flipInstances, shiftInstances } from '../move-boxes';
import { flipPixels } from '../pixels/flip';
import { pixelsOf, type Transform } from './sample';

const probability = z.number().min(0).max(1);
const direction = z.enum(['horizontal', 'vertical', 'diagonal']);

const options = z.strictObject({
  prob: z
    .union([probability, z.array(probability).min(1)])
    .default(0)
    .describe('Probability of a flip; a list gives one per direction'),
  direction: z
    .union([direction, z.array(direction).min(1)])
    .default('horizontal')
    .describe('"horizontal", "vertical", "diagonal", or a list of candidates'),
  swap_seg_labels: z.null().default(null).describe('Only null: classes of semantic maps stay as they are'),
});

/** @param shift added to the x of boxes that were flipped horizontally */
function flipping(type: string, { prob, direction }: z.output<typeof options>, shift: number): Transform {
  const directions = Array.isArray(direction) ? direction : [direction];
  if (Array.isArray(prob) && prob.length !== directions.length)
    throw new DetLabError(
      `Cannot build ${type}: expected one prob per direction (${directions.length}), received ${prob.length}`,
    );
  // a single probability is split evenly between the directions
  const chances = Array.isArray(prob) ? prob : directions.map(() => prob / directions.length);
  const total = chances.reduce((sum, p) => sum + p, 0);
  if (total > 1 + 1e-9)
    throw new DetLabError(`Cannot build ${type}: expected probabilities that sum to at most 1, received ${total}`);
  return (sample, random) => {
    const flip = draw(directions, chances, random);
    if (!flip) return sample;
    const image = pixelsOf(sample, type);
    sample.image = flipPixels(image, flip);
    sample.meta.flip = true;
    sample.meta.flipDirection = flip;
    const [across, down] = [flip !== 'vertical', flip !== 'horizontal'];
    recordMove(sample.meta, [across ? -1 : 1, 0, across ? image.width : 0, 0, down ? -1 : 1, down ? image.height : 0]);
    for (const boxes of [sample.truths, sample.proposals])
      if (boxes) {
        Object.assign(boxes, flipInstances(boxes, flip, [image.height, image.width]));
        if (shift && flip === 'horizontal') Object.assign(boxes, shiftInstances(boxes, shift, 0));
      }
    if (sample.semantic) sample.semantic = flipSemantic(sample.semantic, flip);
    if (sample.truths?.masks) sample.truths.masks = flipMasks(sample.truths.masks, flip);
    return sample;
  };
}

export const RandomFlip = defineModule({
  kind: 'transform',
  type: 'RandomFlip',
  summary: 'Flips pixels, boxes, masks and semantic maps at random',
  origin: 'mmcv and MMDetection',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'RandomFlip', prob: 0.5 }",
  options,
  build: (o): Transform => flipping('RandomFlip', o, 0),
});

/** Boxes of GLIP end on their last pixel (`GTBoxSubOne_GLIP`): mirrored, they move by one. */
export const RandomFlip_GLIP = defineModule({
  kind: 'transform',
  type: 'RandomFlip_GLIP',
  summary: 'RandomFlip for boxes that end on their last pixel',
  origin: 'MMDetection, after GLIP',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'RandomFlip_GLIP', prob: 0.5 }",
  options,
  build: (o): Transform => flipping('RandomFlip_GLIP', o, -1),
});

export const GTBoxSubOne_GLIP = defineModule({
  kind: 'transform',
  type: 'GTBoxSubOne_GLIP',
  summary: 'Makes boxes end on their last pixel: x2 and y2 less one',
  origin: 'MMDetection, after GLIP',
  shapes: 'boxes [n, 4] -> boxes [n, 4]',
  example: "{ type: 'GTBoxSubOne_GLIP' }",
  options: z.strictObject({}),
  build: (): Transform => (sample) => {
    if (sample.truths) sample.truths.bboxes = sample.truths.bboxes.map((v, i) => (i % 4 < 2 ? v : v - 1));
    return sample;
  },
});

function draw(directions: FlipDirection[], chances: number[], random: Random): FlipDirection | undefined {
  let u = random.uniform();
  for (let i = 0; i < directions.length; i++) {
    if (u < chances[i]) return directions[i];
    u -= chances[i];
  }
  return undefined;
}
