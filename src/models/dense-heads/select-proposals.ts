// From the predictions of one image's anchors to region proposals: top-k per level, decode, drop small boxes, NMS per level.
// Plain arrays: nothing here is differentiated.

import type { Detections, ImageMeta } from '../../data/types';
import { takeBoxes, takeValues } from '../../geometry/boxes';
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
      const at = start + (best ? best[k] : k);
      if (logits[at] === Number.NEGATIVE_INFINITY) continue; // no prior there
      selected.push(at);
      levelOf.push(level);
    }
  }
  const scores = new Float32Array(selected.length);
  for (let k = 0; k < scores.length; k++) scores[k] = 1 / (1 + Math.exp(-logits[selected[k]]));
  const candidates = {
    boxes: toFrame(decode(new Int32Array(selected)), meta, rescale),
    scores,
    labels: new Int32Array(levelOf), // NMS within each level
  };
  const best = ofAllLevels(candidates, cfg);
  return { ...best, labels: new Int32Array(best.scores.length) };
}

/** NMS within each level, of which `nms_post` are kept, and across levels where that is asked for. */
function ofAllLevels(candidates: Parameters<typeof nmsAndLimit>[0], cfg: ProposalCfg): Detections {
  const { nms_post: limit = Number.POSITIVE_INFINITY, nms_across_levels: across, max_per_img } = cfg;
  if (limit >= max_per_img && !across) return nmsAndLimit(candidates, cfg);
  const { bboxes, scores, labels } = nmsAndLimit(candidates, { ...cfg, max_per_img: -1 });
  const counts = new Map<number, number>();
  const kept = Int32Array.from(labels.keys()).filter((k) => {
    const level = labels[k];
    const before = counts.get(level) ?? 0;
    counts.set(level, before + 1);
    return before < limit;
  });
  const best = across ? kept : kept.subarray(0, max_per_img);
  const result = {
    bboxes: takeBoxes(bboxes, best),
    scores: takeValues(scores, best),
    labels: new Int32Array(best.length),
  };
  return across ? nmsAndLimit({ boxes: result.bboxes, ...result }, { ...cfg, min_bbox_size: -1 }) : result;
}
