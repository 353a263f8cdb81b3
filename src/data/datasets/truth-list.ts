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
  area: number;
  annotationId: number | string;
  segmentation?: Segmentation;
  /** The annotation gives an outline, usable or not. */
  outlined?: boolean;
}

/** The ground-truth fields of an ImageRecord, one row per object. */
export function packTruths(
  rows: readonly TruthRow[],
): Pick<ImageRecord, 'truths' | 'areas' | 'annotationIds' | 'segmentations' | 'crowds'> {
  const outlined = rows.some((row) => row.outlined || row.segmentation !== undefined);
  const crowded = rows.some((row) => row.crowd);
  return {
    ...(outlined ? { segmentations: rows.map((row) => row.segmentation) } : {}),
    ...(crowded ? { crowds: Uint8Array.from(rows, (row) => (row.crowd ? 1 : 0)) } : {}),
    truths: {
      bboxes: Float32Array.from(rows.flatMap((row) => row.bbox)),
      labels: Int32Array.from(rows, (row) => row.label),
      ignored: Uint8Array.from(rows, (row) => (row.ignored ? 1 : 0)),
    },
    areas: Float32Array.from(rows, (row) => row.area),
    annotationIds: rows.map((row) => row.annotationId),
  };
}
