// Panoptic quality (Kirillov et al., CVPR 2019), equal to panopticapi: segments of one class match where their IoU exceeds one half;
// PQ = SQ x RQ, the mean IoU of the matches times their F1 score. Pixels of no segment and of crowds excuse predictions.

import { DetLabError } from '../errors';
import { foreground, type PanopticSegment, SEGMENT } from '../masks';

/** The segments of an image and the id of each pixel, row-major; 0 for none. */
export interface TruthSegments {
  width: number;
  height: number;
  data: Int32Array;
  ids: ArrayLike<number>;
  labels: ArrayLike<number>;
  kinds: ArrayLike<number>;
}

/** Matches of one class. */
export interface PanopticStats {
  iou: number;
  tp: number;
  fp: number;
  fn: number;
}

export interface PanopticQuality {
  PQ: number;
  SQ: number;
  RQ: number;
}

export const noStats = (): PanopticStats => ({ iou: 0, tp: 0, fp: 0, fn: 0 });

interface Overlaps {
  /** Pixels of each pair of truth (0: none, then the segments in order) and prediction. */
  common: Float64Array; // [truths + 1, predictions]
  truthAreas: Float64Array;
  areas: Float64Array;
}

/** Adds the matches of one image to the statistics of the classes. */
export function addPanopticMatches(
  stats: readonly PanopticStats[],
  truth: TruthSegments,
  found: readonly PanopticSegment[],
): void {
  const { labels, kinds } = truth;
  const count = truth.ids.length;
  const { common, truthAreas, areas } = overlapsOf(truth, found);
  const n = found.length;
  const [matchedTruths, matched] = [new Uint8Array(count), new Uint8Array(n)];
  for (let t = 0; t < count; t++) {
    if (kinds[t] === SEGMENT.crowd) continue;
    for (let p = 0; p < n; p++) {
      const both = common[(t + 1) * n + p];
      if (both === 0 || found[p].label !== labels[t]) continue;
      const iou = both / (areas[p] + truthAreas[t] - both - common[p]);
      if (iou <= 0.5) continue;
      stats[labels[t]].tp++;
      stats[labels[t]].iou += iou;
      matchedTruths[t] = 1;
      matched[p] = 1;
    }
  }
  const crowdOf = new Map<number, number>();
  for (let t = 0; t < count; t++) {
    if (matchedTruths[t]) continue;
    if (kinds[t] === SEGMENT.crowd) crowdOf.set(labels[t], t);
    else stats[labels[t]].fn++;
  }
  for (let p = 0; p < n; p++) {
    if (matched[p]) continue;
    const { label } = found[p];
    const crowd = crowdOf.get(label);
    const excused = common[p] + (crowd === undefined ? 0 : common[(crowd + 1) * n + p]);
    if (excused / areas[p] <= 0.5) stats[label].fp++;
  }
}

/** @throws DetLabError for masks of another size */
function overlapsOf({ width, height, data, ids }: TruthSegments, found: readonly PanopticSegment[]): Overlaps {
  const rowOf = new Map<number, number>();
  for (let t = 0; t < ids.length; t++) rowOf.set(ids[t], t + 1);
  // ids of the map that no segment has are counted nowhere
  const rows = new Int32Array(data.length);
  const truthAreas = new Float64Array(ids.length);
  for (let i = 0; i < data.length; i++) {
    const row = data[i] === 0 ? 0 : (rowOf.get(data[i]) ?? -1);
    rows[i] = row;
    if (row > 0) truthAreas[row - 1]++;
  }
  const common = new Float64Array((ids.length + 1) * found.length);
  const areas = new Float64Array(found.length);
  for (const [p, { mask }] of found.entries()) {
    if (mask.width !== width || mask.height !== height)
      throw new DetLabError(
        `Cannot evaluate a segment: expected a mask of ${width} x ${height}, the size of the panoptic map, received ` +
          `${mask.width} x ${mask.height}`,
      );
    for (const [from, to] of foreground(mask)) {
      areas[p] += to - from;
      for (let i = from; i < to; i++) {
        const row = rows[(i % height) * width + Math.floor(i / height)];
        if (row >= 0) common[row * found.length + p]++;
      }
    }
  }
  return { common, truthAreas, areas };
}

/** The quality of each class, all zero of one that is neither in the truth nor found. */
export function qualityOf({ iou, tp, fp, fn }: PanopticStats): PanopticQuality {
  if (tp + fp + fn === 0) return { PQ: 0, SQ: 0, RQ: 0 };
  const weight = tp + 0.5 * fp + 0.5 * fn;
  return { PQ: iou / weight, SQ: tp === 0 ? 0 : iou / tp, RQ: tp / weight };
}

/** Means over the classes that are in the truth or found; -1 where there are none. */
export function meanQuality(stats: readonly PanopticStats[]): PanopticQuality {
  const there = stats.filter(({ tp, fp, fn }) => tp + fp + fn > 0).map(qualityOf);
  const mean = (of: keyof PanopticQuality) =>
    there.length === 0 ? -1 : there.reduce((sum, quality) => sum + quality[of], 0) / there.length;
  return { PQ: mean('PQ'), SQ: mean('SQ'), RQ: mean('RQ') };
}
