// Packs the ground truth of one image into typed arrays.

import type { Segmentation } from '../../masks';
import type { ImageRecord } from '../types';

export interface TruthRow {
  /** xyxy in pixels. */
  bbox: [number, number, number, number];
  label: number;
  ignored: boolean;
  /** A crowd is ignored too. */
  crowd?: boolean;
  /** Around several objects of its class (OpenImages). */
  group?: boolean;
  area: number;
  annotationId: number | string;
  segmentation?: Segmentation;
  /** The annotation gives an outline, usable or not. */
  outlined?: boolean;
}

/** The ground-truth fields of an ImageRecord, one row per object. */
export function packTruths(
  rows: readonly TruthRow[],
): Pick<ImageRecord, 'truths' | 'areas' | 'annotationIds' | 'segmentations' | 'crowds' | 'groups'> {
  const outlined = rows.some((row) => row.outlined || row.segmentation !== undefined);
  const crowded = rows.some((row) => row.crowd);
  const count = rows.length;
  const truths = {
    bboxes: new Float32Array(4 * count),
    labels: new Int32Array(count),
    ignored: new Uint8Array(count),
  };
  const areas = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const { bbox, label, ignored, area } = rows[i];
    for (let k = 0; k < 4; k++) truths.bboxes[4 * i + k] = bbox[k];
    truths.labels[i] = label;
    truths.ignored[i] = ignored ? 1 : 0;
    areas[i] = area;
  }
  return {
    ...(outlined ? { segmentations: rows.map((row) => row.segmentation) } : {}),
    ...(rows.some((row) => row.group) ? { groups: Uint8Array.from(rows, (row) => (row.group ? 1 : 0)) } : {}),
    ...(crowded ? { crowds: Uint8Array.from(rows, (row) => (row.crowd ? 1 : 0)) } : {}),
    truths,
    areas,
    annotationIds: rows.map((row) => row.annotationId),
  };
}
