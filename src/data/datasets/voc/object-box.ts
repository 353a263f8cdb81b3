// The box of an annotated object, with the coordinates that are written: <bndbox>, roLabelImg's <robndbox>, or the extent of
// a polygon.

import type { DataProblem } from '../../types';
import { fieldsOf, listOf, numberOf, textOf, type XmlFields } from './xml-fields';

export type Corners = [x1: number, y1: number, x2: number, y2: number];

export interface ObjectBox {
  corners: Corners;
  /** VOC counts pixels, from 1 unless the folder proves otherwise; points of outlines are positions, from 0. */
  counts: 'pixels' | 'positions';
  /** The object has an outline, which is not used. */
  polygon?: boolean;
  /** Degrees by which the box is turned about its centre. */
  angle?: number;
}

type Unusable = { problem: { kind: DataProblem['kind']; what: string } };

/** @param notes receives what is odd but can be read */
export function readBox(object: XmlFields, notes: string[]): ObjectBox | Unusable {
  const polygon = listOf(object.polygon).flatMap(pointsOf);
  const outlined = polygon.length > 2 ? { polygon: true } : {};
  const boxes = listOf(object.bndbox);
  if (boxes.length > 1) notes.push(`has ${boxes.length} <bndbox>; the first is used`);
  const box = fieldsOf(boxes);
  if (box) {
    const corners = ['xmin', 'ymin', 'xmax', 'ymax'].map((key) => numberOf(box[key])) as Corners;
    if (!corners.every(Number.isFinite))
      return { problem: { kind: 'bad-annotation', what: 'has a <bndbox> without four numbers' } };
    const angle = rotationOf(object);
    return {
      corners: ordered(corners, notes),
      counts: 'pixels',
      ...(angle % 180 !== 0 && { angle }),
      ...outlined,
    };
  }
  const turned = fieldsOf(object.robndbox);
  if (turned) return turnedBox(turned);
  if (polygon.length > 2) return { corners: extent(polygon), counts: 'positions', ...outlined };
  return { problem: { kind: 'empty-annotation', what: 'has no <bndbox>' } };
}

/** Corners in any order, as some tools write those of a box that was drawn from the right or from below. */
function ordered([x1, y1, x2, y2]: Corners, notes: string[]): Corners {
  const swapped = [x1 > x2 ? 'xmin > xmax' : '', y1 > y2 ? 'ymin > ymax' : ''].filter(Boolean);
  if (swapped.length > 0) notes.push(`has ${swapped.join(' and ')}; they are exchanged`);
  return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
}

/** Points of LabelMe's <pt><x/><y/></pt>, or of <x1/><y1/><x2/><y2/>... */
function pointsOf(node: unknown): [number, number][] {
  const polygon = fieldsOf(node);
  if (!polygon) return [];
  const points: [number, number][] = listOf(polygon.pt)
    .map(fieldsOf)
    .map((point) => [numberOf(point?.x), numberOf(point?.y)]);
  for (let i = 1; `x${i}` in polygon; i++) points.push([numberOf(polygon[`x${i}`]), numberOf(polygon[`y${i}`])]);
  return points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
}

function extent(points: readonly [number, number][]): Corners {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Centre, size and angle in radians. */
function turnedBox(box: XmlFields): ObjectBox | Unusable {
  const [cx, cy, w, h, angle] = ['cx', 'cy', 'w', 'h', 'angle'].map((key) => numberOf(box[key]));
  if (![cx, cy, w, h, angle].every(Number.isFinite))
    return { problem: { kind: 'bad-annotation', what: 'has a <robndbox> without five numbers' } };
  const corners: Corners = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2];
  return { corners, counts: 'positions', angle: (angle * 180) / Math.PI };
}

/** The attribute that CVAT and datumaro write for a turned box, degrees. */
function rotationOf(object: XmlFields): number {
  const attributes = listOf(fieldsOf(object.attributes)?.attribute).map(fieldsOf);
  const rotation = attributes.find((attribute) => textOf(attribute?.name) === 'rotation');
  const angle = numberOf(rotation?.value);
  return Number.isFinite(angle) ? angle : 0;
}

/** The upright box around a box that is turned about its centre, by degrees. */
export function uprightBox([x1, y1, x2, y2]: Corners, degrees: number): Corners {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  const [w, h] = [x2 - x1, y2 - y1];
  const [halfX, halfY] = [(w * cos + h * sin) / 2, (w * sin + h * cos) / 2];
  const [cx, cy] = [(x1 + x2) / 2, (y1 + y2) / 2];
  return [cx - halfX, cy - halfY, cx + halfX, cy + halfY];
}
