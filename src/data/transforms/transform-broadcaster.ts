// TransformBroadcaster (mmcv): applies transforms to every frame of a clip, in the order of the video, with random numbers that all
// frames share or that each draws for itself. A sample of a single frame is transformed as by Compose.

import { z } from 'zod';
import { defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { runSteps, type Sample, type Transform } from './sample';

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
    share_random_params: z
      .boolean()
      .default(false)
      .describe('All frames are flipped, resized and coloured alike; false: each draws numbers of its own'),
    mapping: none.describe('Only null: samples have names of their own'),
    remapping: none.describe('Only null'),
    auto_remap: none.describe('Only null'),
    allow_nonexist_keys: z.boolean().default(false).describe('Accepted: concerns mapping'),
  }),
  build: ({ transforms, share_random_params: shared }, { registry, path }): Transform => {
    const steps = (transforms as ModuleConfig[]).map((step, i) =>
      registry.build('transform', step, { path: `${path}.transforms.${i}` }),
    );
    return async ({ clip, ...key }, random) => {
      if (!clip) return runSteps(steps, key, random);
      const start = random.state();
      const frames = [...clip.others];
      frames.splice(clip.before, 0, key);
      const done: Sample[] = [];
      for (const frame of frames) {
        if (shared) random.restore(start);
        const next = await runSteps(steps, frame, random);
        if (!next) return undefined;
        done.push(next);
      }
      const [sample] = done.splice(clip.before, 1);
      return { ...sample, clip: { ...clip, others: done } };
    };
  },
});
