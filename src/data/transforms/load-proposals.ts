// LoadProposals: loads precomputed proposals into the sample, for a detector without a region proposal network. Transforms
// that change boxes change them too.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Transform } from './sample';

export const LoadProposals = defineModule({
  kind: 'transform',
  type: 'LoadProposals',
  summary: 'Loads precomputed proposals',
  origin: 'MMDetection',
  shapes: 'proposals of the dataset -> boxes [n, 4] xyxy, scores [n]',
  example: "{ type: 'LoadProposals', num_max_proposals: 1000 }",
  options: z.strictObject({
    num_max_proposals: z.number().int().positive().nullish().describe('Maximum number of proposals; default: all'),
  }),
  build:
    ({ num_max_proposals }): Transform =>
    (sample) => {
      const { proposals, path } = sample.record;
      if (!proposals)
        throw new DetLabError(
          `Cannot load the proposals of "${path}": its dataset has none. Set proposal_file in the dataset's config`,
        );
      const count = Math.min(proposals.scores.length, num_max_proposals ?? Number.POSITIVE_INFINITY);
      sample.proposals = {
        bboxes: proposals.bboxes.slice(0, 4 * count),
        scores: proposals.scores.slice(0, count),
      };
      return sample;
    },
});
