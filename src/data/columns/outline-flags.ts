// Which objects of a record have a usable outline, without reading the outlines.

import type { ImageRecord } from '../types';
import { ColumnRecord } from './column-record';
import { byteAt } from './text-blocks';

const LIST = 0x5b;

/**
 * Whether object i has a usable outline; undefined where the annotation file gives none for the image.
 *
 * @param polygons whether run lengths are no outlines
 * @example outlineFlags(record)?.(0)
 */
export function outlineFlags(record: ImageRecord, polygons = false): ((object: number) => boolean) | undefined {
  if (record.panoptic) return () => !polygons;
  const place = ColumnRecord.place(record);
  if (!place) {
    const { segmentations } = record;
    return segmentations && ((i) => (polygons ? Array.isArray(segmentations[i]) : segmentations[i] !== undefined));
  }
  const { shard, row } = place;
  if (!shard.outlined?.[row]) return undefined;
  const { outlines, outlineLengths, texts } = shard;
  const first = shard.starts[row];
  if (!outlines || !outlineLengths || !texts) return () => false;
  return (i) => outlineLengths[first + i] > 0 && (!polygons || byteAt(texts, outlines[first + i]) === LIST);
}
