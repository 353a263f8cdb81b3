// RandomChoice (mmcv): runs one of several chains of transforms.

import { z } from 'zod';
import { defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { runSteps, type Transform } from './sample';

const step = moduleOption('transform');

export const RandomChoice = defineModule({
  kind: 'transform',
  type: 'RandomChoice',
  summary: 'Runs one of several transforms or chains of transforms',
  origin: 'mmcv and MMDetection',
  shapes: 'sample -> what the chosen pipeline makes of it',
  example:
    "{ type: 'RandomChoice', transforms: [[{ type: 'RandomFlip', prob: 1 }], [{ type: 'Resize', scale: [640, 480] }]] }",
  options: z.strictObject({
    transforms: z
      .array(z.union([z.array(step), step]))
      .min(1)
      .describe('What to choose from: transforms, or lists of them that run in order'),
    prob: z.array(z.number().min(0).max(1)).nullish().describe('Probability of each; all the same when absent'),
  }),
  build: ({ transforms, prob }, { registry, path }): Transform => {
    if (prob && prob.length !== transforms.length)
      throw new DetLabError(
        `Cannot build RandomChoice at ${path}: expected one prob for each of the ${transforms.length} transforms, received ${prob.length}`,
      );
    const total = prob?.reduce((sum, p) => sum + p, 0) ?? 1;
    if (Math.abs(total - 1) > 1e-6)
      throw new DetLabError(`Cannot build RandomChoice at ${path}: expected prob that sums to 1, received ${total}`);
    const chains = transforms.map((chain, i) =>
      [chain].flat().map((config, k) =>
        registry.build<Transform>('transform', config, {
          path: `${path}.transforms.${i}${Array.isArray(chain) ? `.${k}` : ''}`,
        }),
      ),
    );
    return (sample, random) => {
      let chosen = 0;
      if (prob) for (let u = random.uniform() - prob[0]; u >= 0 && chosen < chains.length - 1; ) u -= prob[++chosen];
      else chosen = random.integer(chains.length);
      return runSteps(chains[chosen], sample, random);
    };
  },
});
