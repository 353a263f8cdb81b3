// The ground truth of an image from its annotations, by MMDetection's rules; what they skip is reported.

import { numberText } from '../../../errors';
import type { DataProblem, ImageRecord } from '../../types';
import { packTruths, type TruthRow } from '../truth-list';
import type { CocoAnnotation } from './annotation';
import { misfit, outlineArea } from './outline';

export interface SizedImage {
  name: string;
  width: number;
  height: number;
}
export type LabelledAnnotation = CocoAnnotation & { label: number };

/** Receives what is skipped or odd, by the id of the annotation; `what` follows its place. */
export interface TruthReport {
  annotation(
    kind: DataProblem['kind'],
    id: number | string | undefined,
    what: string,
    lost?: DataProblem['lost'],
  ): void;
}

/** Pixels by which a box may extend beyond its image without a report. */
export const TOLERANCE = 1;

/** How far a box extends beyond an image of this size, in pixels. */
export function excess(
  x: number,
  y: number,
  w: number,
  h: number,
  { width, height }: { width: number; height: number },
): number {
  return Math.max(w - Math.min(x + w, width) + Math.max(x, 0), h - Math.min(y + h, height) + Math.max(y, 0));
}

/** Whether the size of an image contradicts its annotations, so that the file should be asked. */
export const contradicts = (annotations: readonly CocoAnnotation[], size: { width: number; height: number }): boolean =>
  annotations.some(
    ({ bbox, segmentation }) =>
      excess(...bbox, size) > TOLERANCE || (segmentation && misfit(segmentation, size) !== undefined),
  );

/** The ground-truth fields of a record. */
export function groundTruth(
  annotations: readonly LabelledAnnotation[],
  image: SizedImage,
  report: TruthReport,
): ReturnType<typeof packTruths> & Pick<ImageRecord, 'truths'> {
  return packTruths(groundTruthRows(annotations, image, report));
}

/** The objects of an image that are used. */
export function groundTruthRows(
  annotations: readonly LabelledAnnotation[],
  image: SizedImage,
  report: TruthReport,
): TruthRow[] {
  const rows: TruthRow[] = [];
  for (const annotation of annotations) {
    const row = toRow(annotation, image, report);
    if (!row || isRepeated(row, rows, image, report)) continue;
    rows.push(row);
  }
  return rows;
}

function toRow(annotation: LabelledAnnotation, image: SizedImage, report: TruthReport): TruthRow | undefined {
  const { id, bbox, label, crowd, group, ignore, outlined } = annotation;
  const [x, y, w, h] = bbox;
  let { segmentation } = annotation;
  const unfit = segmentation && misfit(segmentation, image);
  if (unfit !== undefined) {
    report.annotation('bad-outline', id, `of "${image.name}" has no usable outline: it ${unfit}`);
    segmentation = undefined;
  }
  const area = annotation.area ?? (segmentation ? outlineArea(segmentation, image) : w * h);
  if (area <= 0 || w < 1 || h < 1) {
    report.annotation(
      'zero-area',
      id,
      `of "${image.name}" is ${numberText(w)} x ${numberText(h)} pixels, area ${numberText(area)}; skipped`,
    );
    return undefined;
  }
  const beyond = (how: string) =>
    `[${bbox.map(numberText).join(', ')}] (x, y, w, h) of "${image.name}" ${how} the ${image.width} x ${image.height} image`;
  if (x + w <= 0 || y + h <= 0 || x >= image.width || y >= image.height) {
    report.annotation('box-outside', id, `${beyond('is outside')}; skipped`);
    return undefined;
  }
  if (excess(...bbox, image) > TOLERANCE) report.annotation('box-outside', id, `${beyond('extends beyond')}; clipped`);
  return {
    bbox: [x, y, x + w, y + h],
    label,
    ignored: crowd || ignore,
    crowd,
    group,
    area,
    annotationId: id,
    outlined,
    segmentation,
  };
}

/** One annotation written twice counts once; two of one content but distinct ids are both used, as by pycocotools. */
function isRepeated(row: TruthRow, rows: readonly TruthRow[], image: SizedImage, report: TruthReport): boolean {
  const other = rows.find(
    ({ label, bbox: [x1, y1, x2, y2], crowd }) =>
      x1 === row.bbox[0] &&
      y1 === row.bbox[1] &&
      x2 === row.bbox[2] &&
      y2 === row.bbox[3] &&
      label === row.label &&
      crowd === row.crowd,
  );
  if (!other) return false;
  const twice = String(other.annotationId) === String(row.annotationId);
  report.annotation(
    'duplicate',
    row.annotationId,
    `of "${image.name}" ${twice ? 'is written twice; used once' : `has class and box of annotation ${other.annotationId}; both are used`}`,
  );
  return twice;
}
