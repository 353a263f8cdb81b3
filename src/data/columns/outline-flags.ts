// The outlines of a record's objects, and which of them have a usable one, without reading them.

import { rleOfIds, rleToSegmentation, type Segmentation } from '../../masks';
import { readIdMap } from '../loading/map-readers';
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

/**
 * The outline of each object of a record: that of the annotation file, or the pixels of its segment in the panoptic map.
 * @throws DetLabError where the map cannot be read
 */
export function outlinesOf({ segmentations, panoptic, annotationIds }: ImageRecord): (Segmentation | undefined)[] {
  if (!panoptic) return segmentations ?? [];
  const masks = rleOfIds(readIdMap(panoptic.file), annotationIds.map(Number));
  return masks.map(rleToSegmentation);
}
