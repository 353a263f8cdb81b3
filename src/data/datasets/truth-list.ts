// Packs the ground truth of one image into typed arrays.

import type { Segmentation } from '../../masks';
import type { ImageRecord } from '../types';

export interface TruthRow {
  /** xyxy in pixels. */
  bbox: [number, number, number, number];
  label: number;
  ignored: boolean;
  area: number;
  annotationId: number | string;
  segmentation?: Segmentation;
}

/** The ground-truth fields of an ImageRecord, one row per object. */
export function packTruths(
  rows: readonly TruthRow[],
): Pick<ImageRecord, 'truths' | 'areas' | 'annotationIds' | 'segmentations'> {
  const outlined = rows.some((row) => row.segmentation !== undefined);
  return {
    ...(outlined ? { segmentations: rows.map((row) => row.segmentation) } : {}),
    truths: {
      bboxes: Float32Array.from(rows.flatMap((row) => row.bbox)),
      labels: Int32Array.from(rows, (row) => row.label),
      ignored: Uint8Array.from(rows, (row) => (row.ignored ? 1 : 0)),
    },
    areas: Float32Array.from(rows, (row) => row.area),
    annotationIds: rows.map((row) => row.annotationId),
  };
}
