// The counts of a dataset: the objects that are used, by class, and what is there but not used.

import { outlineFlags } from '../columns/outline-flags';
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

/**
 * @param options `polygons`: whether run lengths are no outlines
 * @example countObjects(data.train).crowds
 */
export function countObjects(
  { classes, records, otherClasses = 0 }: Pick<Dataset, 'classes' | 'records' | 'otherClasses'>,
  { polygons = false } = {},
): ObjectCounts {
  const counts: ObjectCounts = {
    images: records.length,
    emptyImages: 0,
    byClass: classes.map(() => 0),
    objects: 0,
    crowds: 0,
    ignored: 0,
    outlines: false,
    withoutOutline: 0,
    otherClasses,
  };
  for (const record of records) {
    const { labels, ignored } = record.truths;
    const { crowds } = record;
    const hasOutline = outlineFlags(record, polygons);
    if (hasOutline) counts.outlines = true;
    if (labels.length === 0) counts.emptyImages++;
    for (let i = 0; i < labels.length; i++) {
      if (crowds?.[i]) counts.crowds++;
      else if (ignored[i]) counts.ignored++;
      else {
        counts.byClass[labels[i]]++;
        counts.objects++;
        if (hasOutline?.(i)) continue;
        if (counts.withoutOutline++ === 0) counts.firstWithoutOutline = { record, index: i };
      }
    }
  }
  return counts;
}
