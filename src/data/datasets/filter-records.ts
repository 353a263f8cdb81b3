// MMDetection's filter_cfg: drops images without ground truth, and small ones. Applied to training data only.

import type { DataProblem, ImageRecord } from '../types';

export interface FilterOptions {
  /** Drop images without ground truth of the selected classes (`filter_empty_gt`). Default false. */
  filterEmpty?: boolean;
  /** With `filterEmpty`: drop images whose every object is ignored, too (CityscapesDataset). Default false. */
  filterIgnored?: boolean;
  /** Drop images whose shorter side is below this many pixels (`min_size`). Default 0. */
  minSize?: number;
}

/** The records that remain. Each dropped image is reported. */
export function filterRecords(
  records: ImageRecord[],
  { filterEmpty = false, filterIgnored = false, minSize = 0 }: FilterOptions,
  problems: DataProblem[],
): ImageRecord[] {
  const drop = (kind: DataProblem['kind'], { path, id }: ImageRecord, what: string): false => {
    problems.push({ kind, file: path, id, message: `Image "${path}" ${what}; not used for training` });
    return false;
  };
  return records.filter((record) => {
    const { width, height, truths } = record;
    if (Math.min(width, height) < minSize)
      return drop('small-image', record, `is ${width} x ${height} pixels, below min_size ${minSize}`);
    if (filterEmpty && truths.labels.length === 0)
      return drop('empty-image', record, 'has no valid box of the selected classes (filter_empty_gt)');
    if (filterEmpty && filterIgnored && !truths.ignored.includes(0))
      return drop('empty-image', record, 'has ignored objects only (filter_empty_gt of CityscapesDataset)');
    return true;
  });
}
