// Detections of heads that keep the best priors of each level, with all their classes, rather than the best (prior, class) pairs:
// guided anchoring, PAA. Plain arrays.

import type { Detections, ImageMeta } from '../../data/types';
import { topIndices } from '../../ops/top-indices';
import { type Candidates, nmsAndLimit, type SuppressionCfg, toFrame } from './decode-detections';
import { levelSpans } from './image-rows';

/** (prior, class) pairs above the threshold of the best `limit` priors of each level by their best class. */
export function pairsOfBestPriors(
  { scores, columns, numClasses, levels, factors }: Omit<Candidates, 'decode'>,
  threshold: number,
  limit: number,
): { priors: Int32Array; labels: Int32Array; scores: Float32Array } {
  const min = Math.fround(threshold);
  const priors: number[] = [];
  const labels: number[] = [];
  const selected: number[] = [];
  const at = (prior: number, label: number) => scores[prior * columns + label] * (factors?.[prior] ?? 1);
  for (const [start, end] of levelSpans(levels)) {
    let kept: ArrayLike<number> = Array.from({ length: end - start }, (_, k) => k);
    if (limit > 0 && limit < end - start) {
      const best = Float32Array.from({ length: end - start }, (_, k) => {
        let top = at(start + k, 0);
        for (let c = 1; c < numClasses; c++) top = Math.max(top, at(start + k, c));
        return top;
      });
      kept = topIndices(best, limit);
    }
    for (let j = 0; j < kept.length; j++)
      for (let c = 0; c < numClasses; c++) {
        const score = at(start + kept[j], c);
        if (!(score > min)) continue;
        priors.push(start + kept[j]);
        labels.push(c);
        selected.push(score);
      }
  }
  return { priors: Int32Array.from(priors), labels: Int32Array.from(labels), scores: Float32Array.from(selected) };
}

/** Detections of one image; in pixels of the original image with `rescale`, else of the network's input. */
export function decodeBestPriors(
  candidates: Candidates,
  meta: ImageMeta,
  cfg: SuppressionCfg,
  rescale: boolean,
): Detections {
  const { score_thr = 0, nms_pre = -1 } = cfg;
  const { priors, labels, scores } = pairsOfBestPriors(candidates, score_thr, nms_pre);
  return nmsAndLimit({ boxes: toFrame(candidates.decode(priors), meta, rescale), labels, scores }, cfg);
}
