// Soft-NMS (Bodla et al., ICCV 2017): decays the scores of overlapping boxes instead of dropping them.

export interface SoftNmsOptions {
  iouThreshold?: number;
  sigma?: number;
  /** Boxes whose score decays below this are dropped. */
  minScore?: number;
  method?: 'naive' | 'linear' | 'gaussian';
  offset?: number;
}

/** Indices and decayed scores of the boxes kept, in descending order of scores. Boxes flat xyxy. NaN is dropped. */
export function softNms(
  boxes: Float32Array,
  scores: Float32Array,
  { iouThreshold = 0.3, sigma = 0.5, minScore = 1e-3, method = 'linear', offset = 0 }: SoftNmsOptions = {},
): { keep: Int32Array; scores: Float32Array } {
  const index = Int32Array.from(scores, (_, i) => i);
  const score = scores.slice();
  let n = index.length;
  const swap = (i: number, j: number) => {
    [index[i], index[j]] = [index[j], index[i]];
    [score[i], score[j]] = [score[j], score[i]];
  };
  const side = (i: number, low: number) => boxes[4 * i + low + 2] - boxes[4 * i + low] + offset;
  const iou = (i: number, j: number) => {
    const w = Math.min(boxes[4 * i + 2], boxes[4 * j + 2]) - Math.max(boxes[4 * i], boxes[4 * j]) + offset;
    const h = Math.min(boxes[4 * i + 3], boxes[4 * j + 3]) - Math.max(boxes[4 * i + 1], boxes[4 * j + 1]) + offset;
    const overlap = Math.max(w, 0) * Math.max(h, 0);
    const union = side(i, 0) * side(i, 1) + side(j, 0) * side(j, 1) - overlap;
    return union > 0 ? overlap / union : 0; // two boxes without area do not overlap (mmcv: 0 / 0)
  };
  const decay = (value: number) => {
    if (method === 'gaussian') return Math.exp(-(value * value) / sigma);
    if (value < iouThreshold) return 1;
    return method === 'linear' ? 1 - value : 0;
  };
  // a score that is NaN cannot reach `minScore`, and would make the order of the others depend on its place
  for (let i = 0; i < n; i++) if (Number.isNaN(score[i])) swap(i--, --n);
  for (let i = 0; i < n; i++) {
    let best = i;
    for (let j = i + 1; j < n; j++) if (score[j] > score[best]) best = j;
    swap(i, best);
    for (let j = i + 1; j < n; j++) {
      score[j] *= decay(iou(index[i], index[j]));
      if (score[j] < minScore) swap(j--, --n); // the last one takes its place and is visited next
    }
  }
  return { keep: index.slice(0, n), scores: score.slice(0, n) };
}
