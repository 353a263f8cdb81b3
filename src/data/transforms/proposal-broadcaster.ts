// ProposalBroadcaster: MMDetection's wrapper that runs transforms on truths and proposals alike. Here every transform that
// moves boxes moves the proposals of a sample too, so the wrapper only runs what it holds.

import { z } from 'zod';
import { defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { runSteps, type Transform } from './sample';

export const ProposalBroadcaster = defineModule({
  kind: 'transform',
  type: 'ProposalBroadcaster',
  summary: 'Runs transforms on pixels, truths and proposals together',
  origin: 'MMDetection',
  shapes: 'sample -> the same, its proposals changed as its boxes are',
  example: "{ type: 'ProposalBroadcaster', transforms: [{ type: 'RandomFlip', prob: 0.5 }] }",
  options: z.strictObject({
    transforms: z.array(moduleOption('transform')).min(1).describe('Transforms, first to last'),
  }),
  build: ({ transforms }, { registry, path }): Transform => {
    const steps = (transforms as ModuleConfig[]).map((step, i) =>
      registry.build<Transform>('transform', step, { path: `${path}.transforms.${i}` }),
    );
    return (sample, random) => runSteps(steps, sample, random);
  },
});
