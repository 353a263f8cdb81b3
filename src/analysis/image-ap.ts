// AP of every image by itself: that of an evaluation of the image alone, in one pass over the matches.

import { averageOf, precisionAtRecalls, RECALLS } from '../evaluation/average-precision';
import type { ErrorInput, ErrorRows } from './error-kinds';
import { type MatchResults, type RankedMatches, rankMatches } from './ranked-matches';

/** One per evaluated image: the mean over the classes of its objects and the IoUs; NaN without objects. */
export function imageAps({ classes, ious, images }: RankedMatches): Float64Array {
  const sums = new Float64Array(images);
  const counts = new Int32Array(images);
  const precisions = new Float64Array(RECALLS.length);
  for (const { images: places, trues, falses, truths } of classes) {
    const positions: number[][] = Array.from(truths, () => []);
    for (let k = 0; k < places.length; k++) if (truths[places[k]] > 0) positions[places[k]].push(k);
    for (let i = 0; i < images; i++) {
      if (truths[i] === 0) continue;
      const list = positions[i];
      const peaks = { trues: new Float64Array(list.length), falses: new Float64Array(list.length) };
      for (let t = 0; t < ious.length; t++) {
        let [right, wrong] = [0, 0];
        for (const k of list) {
          if ((trues[k] >>> t) & 1) {
            peaks.falses[right] = wrong;
            peaks.trues[right] = ++right;
          } else wrong += (falses[k] >>> t) & 1;
        }
        precisionAtRecalls({ ...peaks, count: right, positives: truths[i] }, precisions);
        sums[i] += averageOf(precisions);
        counts[i]++;
      }
    }
  }
  return sums.map((sum, i) => (counts[i] === 0 ? Number.NaN : sum / counts[i]));
}

/** The AP of each image alone, as its metric reports it (mean of its thresholds); NaN without objects. */
export function apByImage(results: MatchResults, { matcher }: ErrorRows, { images }: ErrorInput): Float64Array {
  // proposals and VOC's metric have rules of their own
  if (results.metric?.type === 'CocoMetric' && !matcher.classAgnostic)
    return imageAps(rankMatches(results, { masks: matcher.masks }));
  return Float64Array.from(images, ({ truths, detections }) => {
    if (!truths.ignored.includes(0)) return Number.NaN;
    const { metrics } = matcher.evaluate(truths, detections);
    const ap = metrics.AP ?? metrics.mAP;
    return ap === undefined || ap < 0 ? Number.NaN : ap;
  });
}
