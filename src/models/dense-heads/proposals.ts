// From the scores and deltas of one image's anchors to region proposals: the best of every level, decoded, without tiny
// ones, suppressed per level. Plain arrays: nothing here is differentiated.

import type { ProposalBoxes } from '../../data/types';
import { scaleBoxes, takeBoxes } from '../../geometry/boxes';
import { batchedNms, type NmsConfig } from '../../ops';
import { topIndices } from '../../ops/top-indices';
import type { ProposalCfg } from '../shared-options/proposal-cfg';
import type { BoxCoder, Size } from '../task-modules';

export { type ProposalCfg, proposalCfg } from '../shared-options/proposal-cfg';

/** Boxes that may hold an object, best first: flat xyxy in pixels of the padded image. */
export type Proposals = ProposalBoxes;

/** `logits` of an object, one per anchor, of all levels in a row; `levels` counts the anchors of each level. */
export function proposalsOf(
  {
    logits,
    deltas,
    anchors,
    levels,
  }: { logits: Float32Array; deltas: Float32Array; anchors: Float32Array; levels: number[] },
  coder: BoxCoder,
  imageShape: Size,
  cfg: ProposalCfg,
  /** Factors [x, y] from the network's input to the frame of the result; small boxes are dropped there. */
  scale?: [number, number],
): Proposals {
  const chosen: number[] = [];
  const ids: number[] = [];
  let start = 0;
  for (const [level, count] of levels.entries()) {
    const best =
      cfg.nms_pre > 0 && cfg.nms_pre < count
        ? topIndices(logits.subarray(start, start + count), cfg.nms_pre)
        : undefined;
    for (let k = 0; k < (best?.length ?? count); k++) {
      chosen.push(start + (best ? best[k] : k));
      ids.push(level);
    }
    start += count;
  }
  const decoded = coder.decode(takeBoxes(anchors, chosen), takeBoxes(deltas, chosen), { maxShape: imageShape });
  const boxes = scale ? scaleBoxes(decoded, scale) : decoded;
  const kept = [];
  for (let i = 0; i < chosen.length; i++) {
    const width = Math.fround(boxes[4 * i + 2] - boxes[4 * i]);
    const height = Math.fround(boxes[4 * i + 3] - boxes[4 * i + 1]);
    if (cfg.min_bbox_size < 0 || (width > cfg.min_bbox_size && height > cfg.min_bbox_size)) kept.push(i);
  }
  const result = batchedNms(
    takeBoxes(boxes, kept),
    Float32Array.from(kept, (i) => 1 / (1 + Math.exp(-logits[chosen[i]]))),
    Int32Array.from(kept, (i) => ids[i]),
    cfg.nms as NmsConfig,
  );
  return { bboxes: result.bboxes.slice(0, 4 * cfg.max_per_img), scores: result.scores.slice(0, cfg.max_per_img) };
}
