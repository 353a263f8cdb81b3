// ProposalBroadcaster: MMDetection's wrapper that applies transforms to ground-truth boxes and proposals alike. Here every
// transform that changes boxes also changes the proposals, so the wrapper just runs its transforms.

import { z } from 'zod';
import { defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { runSteps, type Transform } from './sample';

export const ProposalBroadcaster = defineModule({
  kind: 'transform',
  type: 'ProposalBroadcaster',
  summary: 'Applies transforms to pixels, ground-truth boxes and proposals alike',
  origin: 'MMDetection',
  shapes: 'sample -> sample with its proposals transformed as its boxes',
  example: "{ type: 'ProposalBroadcaster', transforms: [{ type: 'RandomFlip', prob: 0.5 }] }",
  options: z.strictObject({
    transforms: z.array(moduleOption('transform')).min(1).describe('Transforms, in order'),
  }),
  build: ({ transforms }, { registry, path }): Transform => {
    const steps = (transforms as ModuleConfig[]).map((step, i) =>
      registry.build('transform', step, { path: `${path}.transforms.${i}` }),
    );
    return (sample, random) => runSteps(steps, sample, random);
  },
});
