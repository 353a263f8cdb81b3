// RegularizeRotatedBox: the one form of a rotated box among those that are the same place (MMYOLO).

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ANGLE_VERSIONS, regularized } from '../../geometry/rotated-boxes';
import type { Transform } from './sample';

export const RegularizeRotatedBox = defineModule({
  kind: 'transform',
  type: 'RegularizeRotatedBox',
  summary: 'Brings the angles of rotated boxes into a range, swapping sides where needed',
  origin: 'MMYOLO',
  shapes: 'rotated boxes [n, 5] -> rotated boxes [n, 5]',
  example: "{ type: 'RegularizeRotatedBox', angle_version: 'le90' }",
  options: z.strictObject({
    angle_version: z
      .enum(ANGLE_VERSIONS)
      .default('le90')
      .describe('le90: the width is the longer side, -90 to 90 degrees; le135: the same, -45 to 135; oc: -90 to 0'),
  }),
  build:
    ({ angle_version }): Transform =>
    (sample) => {
      const { truths } = sample;
      if (!truths) return sample;
      if (!truths.rboxes)
        throw new DetLabError(
          `Cannot run RegularizeRotatedBox on "${sample.record.path}": its boxes are not rotated. Put ` +
            "{ type: 'ConvertBoxType', box_type_mapping: { gt_bboxes: 'rbox' } } before it in the pipeline",
        );
      sample.truths = { ...truths, rboxes: regularized(truths.rboxes, angle_version) };
      return sample;
    },
});
