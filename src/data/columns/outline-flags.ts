// Which objects of a record have a usable outline, without reading the outlines.

import type { ImageRecord } from '../types';
import { ColumnRecord } from './column-record';

/**
 * Whether object i has a usable outline; undefined where the annotation file gives none for the image.
 *
 * @example outlineFlags(record)?.(0)
 */
export function outlineFlags(record: ImageRecord): ((object: number) => boolean) | undefined {
  const place = ColumnRecord.place(record);
  if (!place) {
    const { segmentations } = record;
    return segmentations && ((i) => segmentations[i] !== undefined);
  }
  const { shard, row } = place;
  if (!shard.outlined?.[row]) return undefined;
  const { outlineLengths } = shard;
  const first = shard.starts[row];
  return (i) => outlineLengths !== undefined && outlineLengths[first + i] > 0;
}
