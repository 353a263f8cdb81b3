// MMDetection's `multiclass_nms`: every (box, class) pair above the score threshold is a candidate; NMS per class; the top
// `maxNum` are kept.

import { DetLabError } from '../errors';
import { takeBoxes } from '../geometry/boxes';
import { batchedNms, type NmsConfig } from './batched-nms';

export interface MulticlassNmsResult {
  /** Flat xyxy, in descending order of scores. */
  bboxes: Float32Array;
  scores: Float32Array;
  labels: Int32Array;
  /** Index of each detection among the box-class pairs: box * classes + class. */
  indices: Int32Array;
}

/**
 * `scores` is [n, classes + 1] row-major, background last; `boxes` is [n, 4] (class-agnostic) or [n, classes * 4]. `maxNum`
 * -1 keeps all.
 *
 * @throws DetLabError when the sizes of boxes and scores disagree.
 */
export function multiclassNms(
  boxes: Float32Array,
  scores: Float32Array,
  count: number,
  scoreThreshold: number,
  config: NmsConfig | null,
  maxNum = -1,
): MulticlassNmsResult {
  const columns = count === 0 ? 1 : scores.length / count;
  const classes = columns - 1;
  const perBox = count === 0 ? 1 : boxes.length / (4 * count);
  if (!Number.isInteger(columns) || (perBox !== 1 && perBox !== classes))
    throw new DetLabError(
      `Cannot apply NMS to ${count} boxes: expected scores [${count}, classes + 1] and boxes [${count}, 4] or ` +
        `[${count}, classes * 4], received ${scores.length} scores and ${boxes.length} coordinates`,
    );
  const threshold = Math.fround(scoreThreshold);
  const pairs: number[] = [];
  for (let i = 0; i < count; i++)
    for (let c = 0; c < classes; c++) if (scores[i * columns + c] > threshold) pairs.push(i * classes + c);
  const boxOf = perBox === 1 ? (pair: number) => Math.floor(pair / classes) : (pair: number) => pair;
  const labels = Int32Array.from(pairs, (pair) => pair % classes);
  const result = batchedNms(
    takeBoxes(boxes, pairs.map(boxOf)),
    Float32Array.from(pairs, (pair) => scores[Math.floor(pair / classes) * columns + (pair % classes)]),
    labels,
    config,
  );
  const take = maxNum > 0 ? Math.min(maxNum, result.keep.length) : result.keep.length;
  const keep = result.keep.subarray(0, take);
  return {
    bboxes: result.bboxes.slice(0, 4 * take),
    scores: result.scores.slice(0, take),
    labels: Int32Array.from(keep, (i) => labels[i]),
    indices: Int32Array.from(keep, (i) => pairs[i]),
  };
}
