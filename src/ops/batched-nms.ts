// Class-wise (or level-wise) suppression in one go, as mmcv's `batched_nms`: every class is moved to a place of its own, so
// that boxes of different classes never overlap. Above `split_thr` boxes each class is suppressed by itself.

import { DetLabError, didYouMean } from '../errors';
import { takeBoxes } from '../geometry/boxes';
import { argsortDescending, nmsIndices } from './nms';
import { softNms } from './soft-nms';

/** MMDetection's `nms` config: `{ type: 'nms', iou_threshold: 0.5 }`. */
export interface NmsConfig {
  type?: 'nms' | 'soft_nms';
  iou_threshold?: number;
  offset?: 0 | 1;
  score_threshold?: number;
  max_num?: number;
  /** Suppress across classes. */
  class_agnostic?: boolean;
  /** From this many boxes on, classes are suppressed one by one (10000). */
  split_thr?: number;
  /** soft_nms only. */
  sigma?: number;
  min_score?: number;
  method?: 'naive' | 'linear' | 'gaussian';
}

/** Boxes kept, best first; `keep` indexes the boxes given. */
export interface NmsResult {
  bboxes: Float32Array;
  scores: Float32Array;
  keep: Int32Array;
}

/**
 * Suppresses boxes (flat xyxy) among those with the same id (class or feature level).
 * With `config` null nothing is suppressed: all boxes come back by falling score.
 *
 * @example batchedNms(boxes, scores, labels, { type: 'nms', iou_threshold: 0.5 }).keep
 */
export function batchedNms(
  boxes: Float32Array,
  scores: Float32Array,
  ids: Int32Array,
  config: NmsConfig | null,
): NmsResult {
  if (config === null) return pick(boxes, argsortDescending(scores), scores);
  if (scores.length === 0) return pick(boxes, new Int32Array(0), scores);
  const { class_agnostic = false, split_thr = 10000, max_num = -1 } = config;
  const moved = class_agnostic ? boxes : apart(boxes, ids);
  if (scores.length < split_thr) {
    const { keep, scores: after } = suppress(moved, scores, config);
    return { bboxes: takeBoxes(boxes, keep), scores: after, keep };
  }
  const after = new Float32Array(scores.length);
  const kept: number[] = [];
  for (const members of groups(ids).values()) {
    const part = suppress(
      takeBoxes(moved, members),
      Float32Array.from(members, (i) => scores[i]),
      { ...config, max_num: -1 },
    );
    part.keep.forEach((k, i) => {
      kept.push(members[k]);
      after[members[k]] = part.scores[i];
    });
  }
  kept.sort((i, j) => after[j] - after[i] || i - j);
  return pick(boxes, Int32Array.from(max_num > 0 ? kept.slice(0, max_num) : kept), after);
}

function pick(boxes: Float32Array, keep: Int32Array, scores: Float32Array): NmsResult {
  return { bboxes: takeBoxes(boxes, keep), scores: Float32Array.from(keep, (i) => scores[i]), keep };
}

function groups(ids: Int32Array): Map<number, number[]> {
  const byId = new Map<number, number[]>();
  ids.forEach((id, i) => {
    const members = byId.get(id);
    if (members) members.push(i);
    else byId.set(id, [i]);
  });
  return byId;
}

/** Boxes of id k moved by k times (largest coordinate + 1) along both axes. */
function apart(boxes: Float32Array, ids: Int32Array): Float32Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (const v of boxes) if (v > largest) largest = v;
  const step = Math.fround(largest + 1);
  return boxes.map((v, i) => v + Math.fround(ids[i >> 2] * step));
}

function suppress(
  boxes: Float32Array,
  scores: Float32Array,
  config: NmsConfig,
): { keep: Int32Array; scores: Float32Array } {
  const { type = 'nms', offset = 0, max_num = -1 } = config;
  if (type === 'soft_nms') {
    const { iou_threshold, sigma, min_score, method } = config;
    return softNms(boxes, scores, { iouThreshold: iou_threshold, sigma, minScore: min_score, method, offset });
  }
  if (type !== 'nms')
    throw new DetLabError(
      `Cannot suppress boxes with "${type}": expected "nms" or "soft_nms".${didYouMean(type, ['nms', 'soft_nms'])}`,
    );
  if (config.iou_threshold === undefined)
    throw new DetLabError('Cannot suppress boxes: the nms config has no "iou_threshold". Give one, for example 0.5');
  const { iou_threshold: iouThreshold, score_threshold = 0 } = config;
  let keep: Int32Array;
  if (score_threshold > 0) {
    const valid = Int32Array.from(scores.keys()).filter((i) => scores[i] > score_threshold);
    const sub = Float32Array.from(valid, (i) => scores[i]);
    keep = nmsIndices(takeBoxes(boxes, valid), sub, { iouThreshold, offset }).map((i) => valid[i]);
  } else keep = nmsIndices(boxes, scores, { iouThreshold, offset });
  if (max_num > 0) keep = keep.slice(0, max_num);
  return { keep, scores: Float32Array.from(keep, (i) => scores[i]) };
}
