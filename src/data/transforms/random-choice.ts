// RandomChoice (mmcv): applies a random one of several lists of transforms.

import { z } from 'zod';
import { defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Random } from '../../random';
import { runSteps, type Transform } from './sample';

const step = moduleOption('transform');

function drawIndex(prob: readonly number[], random: Random): number {
  let index = 0;
  for (let u = random.uniform() - prob[0]; u >= 0 && index < prob.length - 1; ) u -= prob[++index];
  return index;
}

export const RandomChoice = defineModule({
  kind: 'transform',
  type: 'RandomChoice',
  summary: 'Applies a random one of several transforms or lists of transforms',
  origin: 'mmcv and MMDetection',
  shapes: 'sample -> output of the selected transforms',
  example:
    "{ type: 'RandomChoice', transforms: [[{ type: 'RandomFlip', prob: 1 }], [{ type: 'Resize', scale: [640, 480] }]] }",
  options: z.strictObject({
    transforms: z
      .array(z.union([z.array(step), step]))
      .min(1)
      .describe('Candidates: transforms, or lists of transforms applied in order'),
    prob: z.array(z.number().min(0).max(1)).nullish().describe('Probability of each; default: uniform'),
  }),
  build: ({ transforms, prob }, { registry, path }): Transform => {
    if (prob && prob.length !== transforms.length)
      throw new DetLabError(
        `Cannot build RandomChoice at ${path}: expected one prob per candidate (${transforms.length}), received ${prob.length}`,
      );
    const total = prob?.reduce((sum, p) => sum + p, 0) ?? 1;
    if (Math.abs(total - 1) > 1e-6)
      throw new DetLabError(`Cannot build RandomChoice at ${path}: expected prob that sums to 1, received ${total}`);
    const candidates = transforms.map((candidate, i) =>
      [candidate].flat().map((config, k) =>
        registry.build('transform', config, {
          path: `${path}.transforms.${i}${Array.isArray(candidate) ? `.${k}` : ''}`,
        }),
      ),
    );
    return (sample, random) => {
      const index = prob ? drawIndex(prob, random) : random.integer(candidates.length);
      return runSteps(candidates[index], sample, random);
    };
  },
});
