// YOLOv5MixUp (MMYOLO): blends two images of one size with a weight drawn from a beta distribution and keeps the ground
// truth of both.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Random } from '../../random';
import { concatInstances } from '../instances';
import { mixOptions, mixTransform } from './mix-options';
import { bytesOf, replacePixels, type Sample, type Transform, truthsOf } from './sample';

const positive = z.number().positive();

/** A gamma deviate of shape `a` (Marsaglia and Tsang, 2000). */
function gamma(a: number, random: Random): number {
  if (a < 1) return gamma(a + 1, random) * (1 - random.uniform()) ** (1 / a);
  const d = a - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

export function drawBeta(alpha: number, beta: number, random: Random): number {
  const x = gamma(alpha, random);
  return x / (x + gamma(beta, random));
}

/** @param ratio weight of this image */
export function applyYOLOv5MixUp(sample: Sample, other: Sample, ratio: number): Sample {
  const image = bytesOf(sample, 'YOLOv5MixUp');
  const otherImage = bytesOf(other, 'YOLOv5MixUp');
  const { width, height } = image;
  if (width !== otherImage.width || height !== otherImage.height)
    throw new DetLabError(
      `Cannot run YOLOv5MixUp on "${sample.record.path}": expected another image of ${width} x ${height}, received ` +
        `${otherImage.width} x ${otherImage.height}. Make pre_transform output the size of the steps before YOLOv5MixUp`,
    );
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = image.data[i] * ratio + otherImage.data[i] * (1 - ratio);
  sample.truths = concatInstances([truthsOf(sample), truthsOf(other)]);
  replacePixels(sample, { ...image, data });
  return sample;
}

export const YOLOv5MixUp = defineModule({
  kind: 'transform',
  type: 'YOLOv5MixUp',
  summary: 'Blends the image with another one by a random weight around one half',
  paper: 'Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018',
  shapes: '2 x [H, W, 3] -> [H, W, 3]',
  example:
    "{ type: 'YOLOv5MixUp', prob: 0.1, pre_transform: [{ type: 'LoadImageFromFile' }, { type: 'LoadAnnotations' }] }",
  options: z.strictObject({
    alpha: positive.default(32).describe('First parameter of the beta distribution'),
    beta: positive.default(32).describe('Second parameter of the beta distribution'),
    prob: z.number().min(0).max(1).default(1).describe('Probability'),
    ...mixOptions(20),
  }),
  build: (o, context): Transform =>
    mixTransform('YOLOv5MixUp', 1, o, context, (sample, [other], random) =>
      applyYOLOv5MixUp(sample, other, drawBeta(o.alpha, o.beta, random)),
    ),
});
