// The counts of a dataset: the objects that are used, by class, and what is there but not used.

import type { Dataset, ImageRecord } from '../types';

export interface ObjectCounts {
  images: number;
  /** Images without any object, ignored ones included. */
  emptyImages: number;
  /** Objects that are trained and evaluated on, by class. */
  byClass: number[];
  /** Their sum. */
  objects: number;
  /** COCO's crowds: ignore regions. */
  crowds: number;
  /** Other ignore regions: `ignore: 1`, VOC's difficult objects, boxes below `bbox_min_size`. */
  ignored: number;
  /** Whether the annotation files give any outline, usable or not. */
  outlines: boolean;
  /** Of `objects`, those without a usable outline, and the first of them. */
  withoutOutline: number;
  firstWithoutOutline?: { record: ImageRecord; index: number };
  /** Objects of categories that are not among the classes. */
  otherClasses: number;
}

/** @example countObjects(data.train).crowds */
export function countObjects({
  classes,
  records,
  otherClasses = 0,
}: Pick<Dataset, 'classes' | 'records' | 'otherClasses'>): ObjectCounts {
  const counts: ObjectCounts = {
    images: records.length,
    emptyImages: 0,
    byClass: classes.map(() => 0),
    objects: 0,
    crowds: 0,
    ignored: 0,
    outlines: records.some(({ segmentations }) => segmentations !== undefined),
    withoutOutline: 0,
    otherClasses,
  };
  for (const record of records) {
    const { truths, crowds, segmentations } = record;
    if (truths.labels.length === 0) counts.emptyImages++;
    for (const [i, label] of truths.labels.entries()) {
      if (crowds?.[i]) counts.crowds++;
      else if (truths.ignored[i]) counts.ignored++;
      else {
        counts.byClass[label]++;
        counts.objects++;
        if (segmentations?.[i]) continue;
        if (counts.withoutOutline++ === 0) counts.firstWithoutOutline = { record, index: i };
      }
    }
  }
  return counts;
}
