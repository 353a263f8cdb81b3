// LoadProposals: regions computed beforehand join the sample, for a detector without a region proposal network. Resize and
// RandomFlip move them with the pixels.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Transform } from './sample';

export const LoadProposals = defineModule({
  kind: 'transform',
  type: 'LoadProposals',
  summary: "Takes a record's precomputed proposals into the sample",
  origin: 'MMDetection',
  shapes: 'proposals of the data set -> boxes [n, 4] xyxy, scores [n]',
  example: "{ type: 'LoadProposals', num_max_proposals: 1000 }",
  options: z.strictObject({
    num_max_proposals: z.number().int().positive().nullish().describe('The first so many; all when absent'),
  }),
  build:
    ({ num_max_proposals }): Transform =>
    (sample) => {
      const { proposals, path } = sample.record;
      if (!proposals)
        throw new DetLabError(
          `Cannot load the proposals of "${path}": its data set has none. Give the data set a proposal_file`,
        );
      const count = Math.min(proposals.scores.length, num_max_proposals ?? Number.POSITIVE_INFINITY);
      sample.proposals = {
        bboxes: proposals.bboxes.slice(0, 4 * count),
        scores: proposals.scores.slice(0, count),
      };
      return sample;
    },
});
