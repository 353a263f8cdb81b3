// Outlines as annotation tools write them, as polygons or run lengths: points, circles and ellipses, cut-out bitmaps.

import { decodeRle, encodeRle, polygonsToRle, rleToSegmentation, type Segmentation } from '../../masks';
import { numberOf } from '../datasets/coco/fields';
import { uprightBox } from '../datasets/voc/object-box';
import type { Corners } from './annotated-image';

/** Points of an ellipse as a polygon; its area is 0.2 % too small. */
const ELLIPSE_POINTS = 60;
/** Pixels of an image in which a bitmap is placed, at most. */
const MAX_PIXELS = 2 ** 28;

/** [[x, y], ...] as [x, y, ...]; undefined when it is no list of points. */
export function flatPoints(points: unknown): number[] | undefined {
  if (!Array.isArray(points)) return undefined;
  const flat: number[] = [];
  for (const point of points) {
    if (!Array.isArray(point) || point.length < 2) return undefined;
    const [x, y] = [numberOf(point[0]), numberOf(point[1])];
    if (x === undefined || y === undefined) return undefined;
    flat.push(x, y);
  }
  return flat;
}

/** The box around [x, y, ...]. */
export function around(flat: readonly number[]): Corners {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < flat.length; i += 2) {
    [x1, x2] = [Math.min(x1, flat[i]), Math.max(x2, flat[i])];
    [y1, y2] = [Math.min(y1, flat[i + 1]), Math.max(y2, flat[i + 1])];
  }
  return [x1, y1, x2, y2];
}

/** An ellipse turned by `degrees` about its centre, as a polygon. */
export function ellipsePolygon(cx: number, cy: number, rx: number, ry: number, degrees = 0): number[] {
  const turn = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return Array.from({ length: ELLIPSE_POINTS }, (_, i) => {
    const at = (2 * Math.PI * i) / ELLIPSE_POINTS;
    const [x, y] = [rx * Math.cos(at), ry * Math.sin(at)];
    return [cx + x * cos - y * sin, cy + x * sin + y * cos];
  }).flat();
}

/** The box of an ellipse, exact. */
export function ellipseBox(cx: number, cy: number, rx: number, ry: number, degrees = 0): Corners {
  const turn = (degrees * Math.PI) / 180;
  const halfX = Math.hypot(rx * Math.cos(turn), ry * Math.sin(turn));
  const halfY = Math.hypot(rx * Math.sin(turn), ry * Math.cos(turn));
  return [cx - halfX, cy - halfY, cx + halfX, cy + halfY];
}

/** A box of `width` x `height` whose first corner is turned by `degrees` with it (Label Studio), as the upright box around it. */
export function turnedAboutCorner(x: number, y: number, width: number, height: number, degrees: number): Corners {
  const turn = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const [cx, cy] = [x + (width * cos - height * sin) / 2, y + (width * sin + height * cos) / 2];
  return uprightBox([cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2], degrees);
}

export interface Bitmap {
  width: number;
  height: number;
  /** 0 or not, row by row. */
  data: ArrayLike<number>;
}

/**
 * A bitmap at a place of an image as run lengths of the whole image; what is outside of the image is cut off.
 * @returns undefined for an empty mask, or an image that is too large
 */
export function placedBitmap(
  { width, height, data }: Bitmap,
  [left, top]: readonly [number, number],
  image: { width: number; height: number },
): Segmentation | undefined {
  if (image.width * image.height > MAX_PIXELS || data.length < width * height) return undefined;
  const whole = new Uint8Array(image.width * image.height);
  let some = false;
  for (let y = Math.max(0, -top); y < Math.min(height, image.height - top); y++)
    for (let x = Math.max(0, -left); x < Math.min(width, image.width - left); x++)
      if (data[y * width + x]) {
        whole[(y + top) * image.width + x + left] = 1;
        some = true;
      }
  return some ? rleToSegmentation(encodeRle(whole, image.height, image.width)) : undefined;
}

/** A polygon less some others, as run lengths of the whole image; undefined for an empty mask, or an image that is too large. */
export function withoutHoles(
  exterior: number[],
  holes: readonly (number[] | undefined)[],
  { width, height }: { width: number; height: number },
): Segmentation | undefined {
  if (width * height > MAX_PIXELS) return undefined;
  const mask = decodeRle(polygonsToRle([exterior], height, width));
  const cut = holes.filter((hole) => hole !== undefined && hole.length >= 6) as number[][];
  const removed = decodeRle(polygonsToRle(cut, height, width));
  for (let i = 0; i < mask.length; i++) if (removed[i]) mask[i] = 0;
  return mask.includes(1) ? rleToSegmentation(encodeRle(mask, height, width)) : undefined;
}
