// From the predictions of one image's anchors to region proposals: top-k per level, decode, drop small boxes, NMS per level.
// Plain arrays: nothing here is differentiated.

import type { Detections, ImageMeta } from '../../data/types';
import { topIndices } from '../../ops/top-indices';
import type { ProposalCfg } from '../shared-options/proposal-cfg';
import { type Candidates, nmsAndLimit, toFrame } from './decode-detections';
import { levelSpans } from './image-rows';

/** Boxes that may hold an object, best first, all of label 0. `scores` are the logits of an object, one per anchor. */
export function selectProposals(
  { scores: logits, levels, decode }: Pick<Candidates, 'scores' | 'levels' | 'decode'>,
  meta: ImageMeta,
  cfg: ProposalCfg,
  rescale: boolean,
): Detections {
  const selected: number[] = [];
  const levelOf: number[] = [];
  for (const [level, [start, end]] of levelSpans(levels).entries()) {
    const count = end - start;
    const best =
      cfg.nms_pre > 0 && cfg.nms_pre < count ? topIndices(logits.subarray(start, end), cfg.nms_pre) : undefined;
    for (let k = 0; k < (best?.length ?? count); k++) {
      selected.push(start + (best ? best[k] : k));
      levelOf.push(level);
    }
  }
  const candidates = {
    boxes: toFrame(decode(Int32Array.from(selected)), meta, rescale),
    scores: Float32Array.from(selected, (i) => 1 / (1 + Math.exp(-logits[i]))),
    labels: Int32Array.from(levelOf), // NMS within each level
  };
  const { bboxes, scores } = nmsAndLimit(candidates, cfg);
  return { bboxes, scores, labels: new Int32Array(scores.length) };
}
