// The ground truth of an image from its annotation; what cannot be used is reported by object.

import { numberText } from '../../../errors';
import type { DataProblem } from '../../types';
import { packTruths, type TruthRow } from '../truth-list';
import type { VocAnnotation, VocObject } from './annotation';
import { type FirstPixel, fromZero } from './first-pixel';
import { type Corners, uprightBox } from './object-box';
import type { VocReport } from './report';

/** Pixels by which a box may extend beyond its image without a report: the pixel 0 where the first is 1, and rounding. */
const [BELOW, ABOVE] = [1, 0.5];

interface Size {
  width: number;
  height: number;
}

export interface TruthOptions {
  firstPixel: FirstPixel;
  /** In label order. */
  classes: readonly string[];
  bboxMinSize?: number;
}

const extendsBeyond = ([x1, y1, x2, y2]: TruthRow['bbox'], { width, height }: Size): boolean =>
  x1 < -BELOW || y1 < -BELOW || x2 > width + ABOVE || y2 > height + ABOVE;

/** The upright box of an object in pixels from 0; undefined for an object without a box. */
function boxOf({ corners, counts = 'pixels', angle }: VocObject, firstPixel: FirstPixel): Corners | undefined {
  if (!corners) return undefined;
  const box = fromZero(corners, counts, firstPixel);
  return angle === undefined ? box : uprightBox(box, angle);
}

/** Whether the annotated size contradicts the boxes, so that the file should be asked. */
export const contradicts = ({ objects, size }: VocAnnotation, firstPixel: FirstPixel): boolean =>
  size === undefined ||
  objects.some((object) => {
    const box = boxOf(object, firstPixel);
    return box && extendsBeyond(box, size);
  });

/** The ground-truth fields of a record. */
export function groundTruth(
  id: string,
  { file, objects }: VocAnnotation,
  image: Size,
  { firstPixel, classes, bboxMinSize = 0 }: TruthOptions,
  report: VocReport,
): ReturnType<typeof packTruths> {
  const rows: TruthRow[] = [];
  for (const [i, object] of objects.entries()) {
    const say = (kind: DataProblem['kind'], what: string, lost?: DataProblem['lost']) =>
      report.object(kind, { file, id, number: i + 1 }, what, lost);
    const { name, problem } = object;
    const label = classes.indexOf(name);
    if (name !== '' && label < 0) continue;
    for (const note of object.notes) say('bad-annotation', `(${name}) ${note}`, 'nothing');
    const bbox = boxOf(object, firstPixel);
    if (problem || !bbox) {
      if (problem) say(problem.kind, problem.what);
      continue;
    }
    const [x1, y1, x2, y2] = bbox;
    const [w, h] = [x2 - x1, y2 - y1];
    if (w <= 0 || h <= 0) {
      say('zero-area', `(${name}) is ${numberText(w)} x ${numberText(h)} pixels; skipped`);
      continue;
    }
    const beyond = `the ${image.width} x ${image.height} image`;
    if (x1 >= image.width || y1 >= image.height || x2 <= 0 || y2 <= 0) {
      say('box-outside', `(${name}) is outside ${beyond}; skipped`);
      continue;
    }
    if (extendsBeyond(bbox, image)) say('box-outside', `(${name}) extends beyond ${beyond}; clipped`);
    const twin = rows.findIndex((row) => row.label === label && row.bbox.every((value, k) => value === bbox[k]));
    if (twin >= 0) say('duplicate', `has class and box of object ${rows[twin].annotationId}; both are used`);
    const small = w < bboxMinSize || h < bboxMinSize;
    rows.push({ bbox, label, ignored: object.difficult || small, area: w * h, annotationId: `${id}#${i + 1}` });
  }
  return packTruths(rows);
}
