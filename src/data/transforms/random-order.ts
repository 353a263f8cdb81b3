// RandomOrder (MMDetection 3.x) applies transforms in random order, RandomApply (mmcv) all of them or none.

import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { runSteps, type Transform } from './sample';

const transforms = z.array(moduleOption('transform')).min(1);

const built = (configs: readonly ModuleConfig[], { registry, path }: BuildContext): Transform[] =>
  configs.map((config, i) => registry.build('transform', config, { path: `${path}.transforms.${i}` }));

export const RandomOrder = defineModule({
  kind: 'transform',
  type: 'RandomOrder',
  summary: 'Applies transforms in random order',
  origin: 'MMDetection',
  shapes: 'sample -> output of the last transform',
  example: "{ type: 'RandomOrder', transforms: [{ type: 'Color' }, { type: 'Rotate' }] }",
  options: z.strictObject({ transforms: transforms.describe('The transforms') }),
  build: ({ transforms }, context): Transform => {
    const steps = built(transforms, context);
    return (sample, random) =>
      runSteps(
        Array.from(random.permutation(steps.length), (i) => steps[i]),
        sample,
        random,
      );
  },
});

export const RandomApply = defineModule({
  kind: 'transform',
  type: 'RandomApply',
  summary: 'Applies transforms with a probability',
  origin: 'mmcv',
  shapes: 'sample -> output of the last transform, or the sample',
  example: "{ type: 'RandomApply', transforms: [{ type: 'Color' }], prob: 0.5 }",
  options: z.strictObject({
    transforms: transforms.describe('The transforms, in order'),
    prob: z.number().min(0).max(1).default(0.5).describe('Probability'),
  }),
  build: ({ transforms, prob }, context): Transform => {
    const steps = built(transforms, context);
    return (sample, random) => (random.uniform() < prob ? runSteps(steps, sample, random) : sample);
  },
});
