// MMDetection's filter_cfg: drops images without ground truth, and small ones. Applied to training data only.

import type { DataProblem, ImageRecord } from '../types';

export interface FilterOptions {
  /** Drop images without ground truth of the selected classes (`filter_empty_gt`). Default false. */
  filterEmpty?: boolean;
  /** Drop images whose shorter side is below this many pixels (`min_size`). Default 0. */
  minSize?: number;
}

/** The records that remain. Images dropped for lack of ground truth are reported. */
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
      message: `Image "${record.path}" has no valid box of the selected classes; not used for training`,
    });
    return false;
  });
}
