// Proposals for a second stage without a first: boxes of various sizes and positions.

import type { ProposalBoxes } from '../data/types';

/** @param size [height, width] of the image */
export function spreadBoxes(count: number, [height, width]: readonly [number, number]): ProposalBoxes {
  const bboxes = new Float32Array(4 * count);
  for (let i = 0; i < count; i++) {
    const [x, y] = [(i * 37) % (width / 2), (i * 53) % (height / 2)];
    const side = 16 * 2 ** (i % 5);
    bboxes.set([x, y, Math.min(x + side, width), Math.min(y + side, height)], 4 * i);
  }
  return { bboxes, scores: new Float32Array(count).fill(0.5) };
}
