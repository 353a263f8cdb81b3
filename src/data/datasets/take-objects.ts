// A record with some of its objects.

import { takeInstances } from '../instances';
import type { ImageRecord } from '../types';

/** The objects at `indices`, in that order; nothing is changed in place. */
export function takeObjects(record: ImageRecord, indices: readonly number[]): ImageRecord {
  const { areas, annotationIds, crowds, groups, segmentations, scores, keypoints } = record;
  const { bboxes, ...columns } = takeInstances(
    { bboxes: record.truths.bboxes, areas, annotationIds, crowds, groups, segmentations, scores, keypoints },
    indices,
  );
  return { ...record, ...columns, truths: takeInstances(record.truths, indices) };
}
