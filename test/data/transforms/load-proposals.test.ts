// Proposals in a pipeline.

import { expect, it } from 'vitest';
import { proposals, record, run } from './outlined';

it('are loaded, moved and packed', async () => {
  const steps = [
    { type: 'LoadProposals', num_max_proposals: 1 },
    {
      type: 'ProposalBroadcaster',
      transforms: [
        { type: 'Resize', scale: [120, 80] },
        { type: 'RandomFlip', prob: 1 },
      ],
    },
  ];
  const packed = await run(steps, { ...record, proposals });
  expect([...packed.proposals!.bboxes]).toEqual([100, 0, 120, 20]);
  expect([...packed.proposals!.scores]).toEqual([Math.fround(0.9)]);
  expect(proposals.bboxes[2]).toBe(10);
  await expect(run(steps)).rejects.toThrow(/proposal_file/);
});
