// The boxes of a record by their four corners: the outlines of its objects, as data sets of rotated boxes have them.

import { DetLabError } from '../../errors';
import { CORNERS } from '../../geometry/rotated-boxes';
import type { ImageRecord } from '../types';
import { outlinesOf } from './outline-flags';

/** Of the first `count` objects [n, 8]. @throws DetLabError for an object whose outline has not four corners */
export function recordCorners(record: ImageRecord, count = record.truths.labels.length): Float32Array {
  const outlines = outlinesOf(record);
  const corners = new Float32Array(CORNERS * count);
  for (let i = 0; i < count; i++) {
    const outline = outlines[i];
    const [first = [], ...others] = Array.isArray(outline) ? outline : [];
    if (first.length !== CORNERS || others.length > 0)
      throw new DetLabError(
        `Cannot use annotation ${record.annotationIds[i]} of "${record.path}" as a rotated box: expected an outline of four corners, ` +
          `received ${outline === undefined ? 'none' : Array.isArray(outline) ? `${first.length / 2} points` : 'run lengths'}. ` +
          "Set box_type: 'hbox', or use a data set of rotated boxes (DOTADataset)",
      );
    corners.set(first, CORNERS * i);
  }
  return corners;
}
