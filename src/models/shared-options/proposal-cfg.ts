// How a first stage selects its proposals: `test_cfg.rpn`, and `train_cfg.rpn_proposal`.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { nmsOption } from './nms-option';

export const proposalCfg = z.strictObject({
  nms_pre: z.number().int().default(-1).describe('Highest-scoring boxes of each level kept before NMS; -1 for all'),
  max_per_img: z.number().int().positive().describe('Proposals kept per image, best first'),
  nms: nmsOption.describe('Non-maximum suppression, per feature level'),
  nms_post: z.int().positive().optional().describe('Boxes of each level kept after NMS, best first; all when absent'),
  nms_across_levels: z.boolean().optional().describe('Suppress once more, among the boxes of all levels'),
  min_bbox_size: z
    .number()
    .default(-1)
    .describe('Boxes of smaller width or height, in pixels, are dropped; negative: none'),
  score_thr: ignoredOption('proposals are chosen by rank', { schema: z.number().optional() }),
});
export type ProposalCfg = z.output<typeof proposalCfg>;

/** Of a detector, whose first stage may be a head of any kind. */
export const firstStageTestCfg = proposalCfg.extend({
  score_thr: z
    .number()
    .optional()
    .describe('Of first stages that detect by themselves (FCOS, ATSS): boxes of lower score are no proposals'),
});
