// One annotation of a COCO file, as far as it can be read without the size of its image.

import type { Segmentation } from '../../../masks';
import { fieldsOf, flagOf, type Key, keyOf, MAX_COORDINATE, numberOf } from './fields';
import { outlineBox, readOutline } from './outline';
import type { CocoReport } from './report';

export type Xywh = [number, number, number, number];

export interface CocoAnnotation {
  id: number | string;
  /** Keys of image and category. */
  image: Key | undefined;
  category: Key | undefined;
  bbox: Xywh;
  area?: number;
  crowd: boolean;
  ignore: boolean;
  /** Around several objects of its class (OpenImages). */
  group: boolean;
  segmentation?: Segmentation;
  /** Whether the file gives an outline, usable or not. */
  outlined: boolean;
  /** Whether the box was turned by its angle. */
  turned: boolean;
}

/**
 * Reads an annotation; reports what of it cannot be used.
 *
 * @param id of an annotation without one
 * @returns undefined when it has no box
 */
export function readAnnotation(entry: unknown, id: number, report: CocoReport): CocoAnnotation | undefined {
  const fields = fieldsOf(entry);
  if (!fields) {
    report.annotation('bad-annotation', id, 'is no object; skipped');
    return undefined;
  }
  const given = fields.id;
  const annotation = {
    id: typeof given === 'number' || (typeof given === 'string' && given !== '') ? given : id,
    image: keyOf(fields.image_id),
    category: keyOf(fields.category_id),
    area: numberOf(fields.area),
    crowd: flagOf(fields.iscrowd),
    ignore: flagOf(fields.ignore),
    group: flagOf(fields.is_group_of ?? fields.isgroupof ?? fields.IsGroupOf),
  };
  const outline = readOutline(fields.segmentation);
  const segmentation = outline.kind === 'usable' ? outline.segmentation : undefined;
  const box = boxOf(fields.bbox, segmentation, annotation.id, report);
  if (!box) return undefined;
  if (outline.kind === 'bad')
    report.annotation('bad-outline', annotation.id, `has no usable outline: its segmentation ${outline.why}`);
  if (outline.kind === 'usable' && outline.skipped > 0)
    report.annotation(
      'bad-outline',
      annotation.id,
      `has ${outline.skipped} of ${outline.parts} polygons of less than three points; the others are its outline`,
    );
  const turned = segmentation ? undefined : turnedBox(box, fields, annotation, report);
  return Object.assign(annotation, {
    bbox: turned ?? box,
    turned: turned !== undefined,
    outlined: outline.kind !== 'none',
    segmentation,
  });
}

/** The box of an annotation; that of its outline when it gives none, or one without extent. */
function boxOf(
  bbox: unknown,
  segmentation: Segmentation | undefined,
  id: number | string,
  report: CocoReport,
): Xywh | undefined {
  if (bbox === undefined || bbox === null || (Array.isArray(bbox) && bbox.length === 0)) {
    if (!segmentation) report.annotation('empty-annotation', id, 'has neither box nor outline; skipped');
    return segmentation && outlineBox(segmentation);
  }
  const box = Array.isArray(bbox) && bbox.length === 4 ? fourNumbers(bbox) : undefined;
  if (!box) {
    const use = segmentation ? 'its box is that of its outline' : 'skipped';
    const shown = JSON.stringify(bbox)?.slice(0, 80);
    const what = `has the bbox ${shown}: expected four numbers of pixels x, y, width, height; ${use}`;
    report.annotation('bad-annotation', id, what, segmentation && 'nothing');
    return segmentation && outlineBox(segmentation);
  }
  if (!segmentation || (box[2] >= 1 && box[3] >= 1)) return box;
  const around = outlineBox(segmentation);
  if (around[2] < 1 || around[3] < 1) return box;
  const what = `has a box of ${box[2]} x ${box[3]} pixels; its box is that of its outline`;
  report.annotation('zero-area', id, what, 'nothing');
  return around;
}

function fourNumbers(given: readonly unknown[]): Xywh | undefined {
  const [x, y, w, h] = [numberOf(given[0]), numberOf(given[1]), numberOf(given[2]), numberOf(given[3])];
  if (x === undefined || y === undefined || w === undefined || h === undefined) return undefined;
  return Math.max(Math.abs(x), Math.abs(y), Math.abs(w), Math.abs(h)) > MAX_COORDINATE ? undefined : [x, y, w, h];
}

/**
 * The box around a box turned by `attributes.rotation` degrees about its centre, as CVAT and Datumaro write it. Where the
 * area is not width x height, the box may have been turned already: that is reported.
 */
function turnedBox(
  [x, y, w, h]: Xywh,
  fields: Record<string, unknown>,
  { id, area }: { id: number | string; area: number | undefined },
  report: CocoReport,
): Xywh | undefined {
  const angle = numberOf(fieldsOf(fields.attributes)?.rotation ?? fields.rotation);
  if (angle === undefined || angle % 180 === 0 || w <= 0 || h <= 0) return undefined;
  if (area !== undefined && Math.abs(area - w * h) > 0.01 * w * h + 1) {
    report.annotation(
      'rotated-box',
      id,
      `is turned by ${angle} degrees, but its area ${area} is not that of its box, ${w} x ${h}: used as it is`,
    );
    return undefined;
  }
  const turn = (angle * Math.PI) / 180;
  const [sin, cos] = [Math.abs(Math.sin(turn)), Math.abs(Math.cos(turn))];
  const [width, height] = [w * cos + h * sin, w * sin + h * cos];
  return [x + (w - width) / 2, y + (h - height) / 2, width, height];
}
