// Class-wise (or level-wise) NMS in one pass, as mmcv's `batched_nms`: the boxes of every class are offset so that different
// classes never overlap. From `split_thr` boxes on, classes are processed one by one. Boxes are upright, or rotated with
// `nms_rotated`.

import { DetLabError, didYouMean } from '../errors';
import { takeRows, takeValues } from '../geometry/boxes';
import { ROTATED } from '../geometry/rotated-boxes';
import { suppressRotated } from '../geometry/suppress-rotated';
import { descending } from './descending';
import { argsortDescending, nmsIndices } from './nms';
import { softNms } from './soft-nms';

/** MMDetection's `nms` config: `{ type: 'nms', iou_threshold: 0.5 }`. */
export interface NmsConfig {
  type?: 'nms' | 'soft_nms' | 'nms_rotated';
  iou_threshold?: number;
  offset?: 0 | 1;
  score_threshold?: number;
  max_num?: number;
  /** Apply NMS across classes. */
  class_agnostic?: boolean;
  /** From this many boxes on, classes are processed one by one (10000). */
  split_thr?: number;
  /** soft_nms only. */
  sigma?: number;
  min_score?: number;
  method?: 'naive' | 'linear' | 'gaussian';
}

/** Boxes kept, in descending order of scores; `keep` are their indices. */
export interface NmsResult {
  bboxes: Float32Array;
  scores: Float32Array;
  keep: Int32Array;
}

/**
 * NMS among boxes (flat xyxy, or rotated with `nms_rotated`) with the same id (class or feature level).
 * With `config` null all boxes are returned in descending order of scores.
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
  const shifted = class_agnostic ? boxes : offsetById(boxes, ids);
  const width = boxes.length / scores.length;
  if (scores.length < split_thr) {
    const { keep, scores: newScores } = suppress(shifted, scores, config);
    return { bboxes: takeRows(boxes, keep, width), scores: newScores, keep };
  }
  const newScores = new Float32Array(scores.length);
  const kept: number[] = [];
  for (const members of groups(ids).values()) {
    const result = suppress(takeRows(shifted, members, width), takeValues(scores, members), { ...config, max_num: -1 });
    result.keep.forEach((k, i) => {
      kept.push(members[k]);
      newScores[members[k]] = result.scores[i];
    });
  }
  kept.sort(descending(newScores));
  return pick(boxes, Int32Array.from(max_num > 0 ? kept.slice(0, max_num) : kept), newScores);
}

function pick(boxes: Float32Array, keep: Int32Array, scores: Float32Array): NmsResult {
  const width = boxes.length / Math.max(scores.length, 1);
  return { bboxes: takeRows(boxes, keep, width), scores: takeValues(scores, keep), keep };
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

/** Shifts the boxes of id k by k * (largest coordinate + 1) along both axes; of rotated boxes the centers. */
function offsetById(boxes: Float32Array, ids: Int32Array): Float32Array {
  const width = boxes.length / ids.length;
  const largest = (from: number, to: number) => {
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < boxes.length; i++) if (i % width >= from && i % width < to && boxes[i] > max) max = boxes[i];
    return max;
  };
  const isRotated = width === ROTATED;
  const step = Math.fround((isRotated ? Math.fround(largest(0, 2) + largest(2, 4)) : largest(0, width)) + 1);
  const shifted = boxes.slice();
  for (let i = 0; i < boxes.length; i++)
    if (!isRotated || i % width < 2) shifted[i] += Math.fround(ids[Math.floor(i / width)] * step);
  return shifted;
}

function suppress(
  boxes: Float32Array,
  scores: Float32Array,
  config: NmsConfig,
): { keep: Int32Array; scores: Float32Array } {
  const { type = 'nms', offset = 0, max_num = -1 } = config;
  if (type === 'soft_nms') {
    const { iou_threshold, sigma, min_score, method } = config;
    const all = softNms(boxes, scores, { iouThreshold: iou_threshold, sigma, minScore: min_score, method, offset });
    return max_num > 0 ? { keep: all.keep.slice(0, max_num), scores: all.scores.slice(0, max_num) } : all;
  }
  if (type !== 'nms' && type !== 'nms_rotated')
    throw new DetLabError(
      `Cannot apply NMS of type "${type}": expected "nms", "soft_nms" or "nms_rotated".${didYouMean(type, ['nms', 'soft_nms', 'nms_rotated'])}`,
    );
  if (config.iou_threshold === undefined)
    throw new DetLabError('Cannot apply NMS: expected iou_threshold in the nms config, received none. Add e.g. 0.5');
  const { iou_threshold: iouThreshold, score_threshold = 0 } = config;
  let keep: Int32Array;
  if (type === 'nms_rotated') keep = suppressRotated(boxes, argsortDescending(scores), iouThreshold);
  else if (score_threshold > 0) {
    const valid = Int32Array.from(scores.keys()).filter((i) => scores[i] > score_threshold);
    const sub = takeValues(scores, valid);
    keep = nmsIndices(takeRows(boxes, valid, 4), sub, { iouThreshold, offset }).map((i) => valid[i]);
  } else keep = nmsIndices(boxes, scores, { iouThreshold, offset });
  if (max_num > 0) keep = keep.slice(0, max_num);
  return { keep, scores: takeValues(scores, keep) };
}
