// YOLOv5MixUp (MMYOLO): two images of one size, weighted by a draw from a beta distribution; the truths of both.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Random } from '../../random';
import { joinTruths } from '../transform-truths';
import { mixing, mixOptions } from './mix-options';
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

/** @param ratio share of this image */
export function applyYOLOv5MixUp(sample: Sample, other: Sample, ratio: number): Sample {
  const [own, theirs] = [bytesOf(sample, 'YOLOv5MixUp'), bytesOf(other, 'YOLOv5MixUp')];
  if (own.width !== theirs.width || own.height !== theirs.height)
    throw new DetLabError(
      `Cannot run YOLOv5MixUp on "${sample.record.path}": expected another image of ${own.width} x ${own.height}, received ` +
        `${theirs.width} x ${theirs.height}. Let pre_transform give the size that the steps before YOLOv5MixUp give`,
    );
  const data = new Uint8Array(own.data.length);
  for (let i = 0; i < data.length; i++) data[i] = own.data[i] * ratio + theirs.data[i] * (1 - ratio);
  sample.truths = joinTruths([truthsOf(sample), truthsOf(other)]);
  replacePixels(sample, { ...own, data });
  return sample;
}

export const YOLOv5MixUp = defineModule({
  kind: 'transform',
  type: 'YOLOv5MixUp',
  summary: 'Mixes the image with another by a random weight around one half',
  paper: 'Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018',
  shapes: '2 x [H, W, 3] -> [H, W, 3]',
  example:
    "{ type: 'YOLOv5MixUp', prob: 0.1, pre_transform: [{ type: 'LoadImageFromFile' }, { type: 'LoadAnnotations' }] }",
  options: z.strictObject({
    alpha: positive.default(32).describe('First parameter of the beta distribution'),
    beta: positive.default(32).describe('Second parameter'),
    prob: z.number().min(0).max(1).default(1).describe('Probability'),
    ...mixOptions(20),
  }),
  build: (o, context): Transform =>
    mixing('YOLOv5MixUp', 1, o, context, (sample, [other], random) =>
      applyYOLOv5MixUp(sample, other, drawBeta(o.alpha, o.beta, random)),
    ),
});
