// RemoveDataElement (MMYOLO): drops entries of a sample, in its configs the masks once boxes have been refined by them.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import type { Sample, Transform } from './sample';

const REMOVALS = {
  gt_masks: ({ truths, ...rest }: Sample): Sample => ({ ...rest, truths: truths && { ...truths, masks: undefined } }),
  gt_bboxes: ({ truths: _, ...rest }: Sample): Sample => rest,
  proposals: ({ proposals: _, ...rest }: Sample): Sample => rest,
};
type Removed = keyof typeof REMOVALS;
/** Entries of other tasks, which samples do not have. */
const ABSENT = ['gt_keypoints', 'gt_seg_map', 'gt_panoptic_seg', 'gt_instances_ids'] as const;

const key = ignoredOption('samples have no such entry', {
  schema: z.enum([...(Object.keys(REMOVALS) as Removed[]), ...ABSENT]),
  harmless: (given) => typeof given === 'string' && given in REMOVALS,
});

export const RemoveDataElement = defineModule({
  kind: 'transform',
  type: 'RemoveDataElement',
  summary: 'Drops masks, proposals or the whole ground truth of a sample',
  origin: 'MMYOLO',
  shapes: 'sample -> sample without the entries',
  example: "{ type: 'RemoveDataElement', keys: ['gt_masks'] }",
  options: z.strictObject({
    keys: z.union([key, z.array(key)]).describe('gt_masks, proposals, or gt_bboxes with all that belongs to them'),
  }),
  build: ({ keys }): Transform => {
    const removals = [keys].flat().flatMap((name) => (name in REMOVALS ? [REMOVALS[name as Removed]] : []));
    return (sample) => removals.reduce((rest, remove) => remove(rest), sample);
  },
});
