// TestTimeAug (mmcv): the views of an image for test-time augmentation. It makes several samples of one, which no step of a
// pipeline can: predictions and evaluations with `tta` take it apart into a pipeline for each view.

import { z } from 'zod';
import { defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Transform } from './sample';

export const TestTimeAug = defineModule({
  kind: 'transform',
  type: 'TestTimeAug',
  summary:
    'The views of an image for test-time augmentation: every combination of the alternatives; last in tta_pipeline',
  origin: 'mmcv',
  shapes: '[H, W, 3] -> a sample for each view',
  example:
    "{ type: 'TestTimeAug', transforms: [[{ type: 'RandomFlip', prob: 1 }, { type: 'RandomFlip', prob: 0 }], [{ type: 'PackDetInputs' }]] }",
  options: z.strictObject({
    transforms: z
      .array(z.array(moduleOption('transform')).min(1))
      .min(1)
      .describe('Alternatives of the first step, of the second, ...'),
  }),
  build: (_, { path }): Transform => {
    throw new DetLabError(
      `Cannot build ${path}: TestTimeAug makes several images of one. It belongs last in tta_pipeline, which ` +
        'model.predict(image, { tta: true }) and model.evaluate(data, { tta: true }) use',
    );
  },
});
