// MMDetection's filter_cfg: leaves out images without truths, and small ones. Applied to training data only.

import type { DataProblem, ImageRecord } from '../types';

export interface FilterOptions {
  /** Leave out images that have no truth of the chosen classes (`filter_empty_gt`). Default false. */
  filterEmpty?: boolean;
  /** Leave out images whose shorter edge is below this many pixels (`min_size`). Default 0. */
  minSize?: number;
}

/** The records that stay. An image left out for want of any annotation is reported. */
export function filterRecords(
  records: ImageRecord[],
  { filterEmpty = false, minSize = 0 }: FilterOptions,
  problems: DataProblem[],
): ImageRecord[] {
  return records.filter((record) => {
    if (Math.min(record.width, record.height) < minSize) return false;
    if (!filterEmpty || record.truths.labels.length > 0) return true;
    problems.push({
      kind: 'empty-annotation',
      file: record.path,
      id: record.id,
      message: `Image "${record.path}" has no usable box of the chosen classes; left out of training`,
    });
    return false;
  });
}
