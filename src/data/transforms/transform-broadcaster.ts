// TransformBroadcaster (mmcv): applies transforms to every frame of a video sample. A sample is one frame here, so that it is
// Compose; frames that are drawn together for training, with shared random numbers, are not there yet.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { runSteps, type Transform } from './sample';

const none = z.null().default(null);

export const TransformBroadcaster = defineModule({
  kind: 'transform',
  type: 'TransformBroadcaster',
  summary: 'Applies transforms to every frame, in order',
  origin: 'mmcv',
  shapes: 'sample -> output of the last transform',
  example: "{ type: 'TransformBroadcaster', transforms: [{ type: 'Resize', scale: [1440, 800], keep_ratio: true }] }",
  options: z.strictObject({
    transforms: z.array(moduleOption('transform')).min(1).describe('The transforms, in order'),
    share_random_params: ignoredOption('a sample is one frame', {
      schema: z.boolean().default(false),
      harmless: [false],
    }),
    mapping: none.describe('Only null: samples have names of their own'),
    remapping: none.describe('Only null'),
    auto_remap: none.describe('Only null'),
    allow_nonexist_keys: z.boolean().default(false).describe('Accepted: concerns mapping'),
  }),
  build: ({ transforms }, { registry, path }): Transform => {
    const steps = (transforms as ModuleConfig[]).map((step, i) =>
      registry.build('transform', step, { path: `${path}.transforms.${i}` }),
    );
    return (sample, random) => runSteps(steps, sample, random);
  },
});
