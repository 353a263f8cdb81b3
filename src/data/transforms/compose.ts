// Compose (mmcv): several transforms as one.

import { z } from 'zod';
import { defineModule, moduleOption } from '../../catalogue/registry';
import { runSteps, type Transform } from './sample';

export const Compose = defineModule({
  kind: 'transform',
  type: 'Compose',
  summary: 'Several transforms as one, applied in order',
  origin: 'mmcv',
  shapes: 'sample -> output of the last transform',
  example:
    "{ type: 'Compose', transforms: [{ type: 'Resize', scale: [640, 640], keep_ratio: true }, { type: 'Pad', size: [640, 640] }] }",
  options: z.strictObject({
    transforms: z.array(moduleOption('transform')).min(1).describe('The transforms, in order'),
  }),
  build: ({ transforms }, { registry, path }): Transform => {
    const steps = transforms.map((step, i) => registry.build('transform', step, { path: `${path}.transforms.${i}` }));
    return (sample, random) => runSteps(steps, sample, random);
  },
});
