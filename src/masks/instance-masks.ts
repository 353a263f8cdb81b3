// The masks of one image: run-length encoded bitmaps, or polygons (MMDetection's BitmapMasks and PolygonMasks), and the
// operations of transforms on them. Polygons are never rasterised in between.

import { DetLabError } from '../errors';
import { type FlipDirection, isY } from '../geometry/boxes';
import { clipPolygon } from './clip-polygon';
import { polygonToRle } from './polygon-rle';
import { mergeRles, type Rle, rleToBox } from './rle';
import { cropRle, flipRle, padRle, resizeRle } from './rle-geometry';

/** x1, y1, x2, y2, ... in pixels. */
export type Polygon = Float64Array;

export type InstanceMasks = { height: number; width: number } & (
  | { kind: 'bitmap'; masks: Rle[] }
  /** One object may have several parts. */
  | { kind: 'polygon'; masks: Polygon[][] }
);

/** The union of an object's polygons. */
export function polygonsToRle(parts: readonly ArrayLike<number>[], height: number, width: number): Rle {
  return mergeRles(parts.map((part) => polygonToRle(part, height, width)));
}

/** The mask of each object as run lengths. */
export function toRles(masks: InstanceMasks): Rle[] {
  const { height, width } = masks;
  return masks.kind === 'bitmap' ? masks.masks : masks.masks.map((parts) => polygonsToRle(parts, height, width));
}

/** The masks at `indices`, in that order. */
export function takeMasks(masks: InstanceMasks, indices: ArrayLike<number>): InstanceMasks {
  const gather = <T>(list: T[]): T[] => Array.from(indices, (i) => list[i]);
  return masks.kind === 'bitmap' ? { ...masks, masks: gather(masks.masks) } : { ...masks, masks: gather(masks.masks) };
}

/** The box around each mask, flat xyxy: around the pixels of a bitmap, around the corners of polygons; zeros where empty. */
export function boxesOfMasks({ kind, masks }: InstanceMasks): Float32Array {
  const out = new Float32Array(4 * masks.length);
  if (kind === 'bitmap')
    for (const [i, mask] of masks.entries()) {
      const [x, y, w, h] = rleToBox(mask);
      out.set([x, y, x + w, y + h], 4 * i);
    }
  else
    for (const [i, parts] of masks.entries()) {
      const box = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
      for (const part of parts)
        for (let k = 0; k < part.length; k += 2) {
          const [x, y] = [part[k], part[k + 1]];
          box[0] = Math.min(box[0], x);
          box[1] = Math.min(box[1], y);
          box[2] = Math.max(box[2], x);
          box[3] = Math.max(box[3], y);
        }
      out.set(box, 4 * i);
    }
  return out;
}

/** Masks resized with their image. */
export function resizeMasks(masks: InstanceMasks, height: number, width: number): InstanceMasks {
  if (masks.kind === 'bitmap')
    return { kind: 'bitmap', height, width, masks: masks.masks.map((mask) => resizeRle(mask, height, width)) };
  const [fx, fy] = [width / masks.width, height / masks.height];
  return { kind: 'polygon', height, width, masks: mapCoordinates(masks.masks, (v, i) => v * (isY(i) ? fy : fx)) };
}

export function flipMasks(masks: InstanceMasks, direction: FlipDirection): InstanceMasks {
  if (masks.kind === 'bitmap') return { ...masks, masks: masks.masks.map((mask) => flipRle(mask, direction)) };
  const { height, width } = masks;
  const flip = (v: number, i: number) => {
    if (isY(i)) return direction === 'horizontal' ? v : height - v;
    return direction === 'vertical' ? v : width - v;
  };
  return { ...masks, masks: mapCoordinates(masks.masks, flip) };
}

/** Background added at the bottom and right. */
export function padMasks(masks: InstanceMasks, height: number, width: number): InstanceMasks {
  if (masks.kind === 'polygon') return { ...masks, height, width };
  return { kind: 'bitmap', height, width, masks: masks.masks.map((mask) => padRle(mask, height, width)) };
}

/** Masks cropped to a window, which becomes their frame. */
export function cropMasks(
  masks: InstanceMasks,
  window: Record<'top' | 'left' | 'height' | 'width', number>,
): InstanceMasks {
  const { height, width } = window;
  if (masks.kind === 'bitmap')
    return { kind: 'bitmap', height, width, masks: masks.masks.map((mask) => cropRle(mask, window)) };
  return movePolygons(masks, height, width, (x, y) => [x - window.left, y - window.top]);
}

/** Masks pasted into a frame of `height` x `width` with their top left corner at (left, top), clipped to it. */
export const placeMasks = (
  masks: InstanceMasks,
  { top, left, height, width }: Record<'top' | 'left' | 'height' | 'width', number>,
): InstanceMasks => cropMasks(masks, { top: -top, left: -left, height, width });

/**
 * Polygons under a map of points, clipped to a new frame. MMDetection moves corners outside to the border instead, which
 * bends the edges that reach there. An object with nothing inside keeps an empty outline.
 */
export function movePolygons(
  { masks }: Extract<InstanceMasks, { kind: 'polygon' }>,
  height: number,
  width: number,
  move: (x: number, y: number) => readonly [number, number],
): InstanceMasks {
  const frame = { left: 0, top: 0, right: width, bottom: height };
  const moved = (part: Polygon): Polygon => {
    const out = new Float64Array(part.length);
    for (let i = 0; i < part.length; i += 2) out.set(move(part[i], part[i + 1]), i);
    return clipPolygon(out, frame);
  };
  const objects = masks.map((parts) => {
    const inside = parts.map(moved).filter(({ length }) => length >= 6);
    return inside.length > 0 ? inside : [new Float64Array(6)];
  });
  return { kind: 'polygon', height, width, masks: objects };
}

/**
 * Masks of several lists in one frame, concatenated.
 * @throws DetLabError for a mix of bitmaps and polygons.
 */
export function concatMasks(parts: readonly InstanceMasks[]): InstanceMasks {
  const [{ height, width, kind }] = parts;
  const bitmaps = parts.flatMap((part) => (part.kind === 'bitmap' ? part.masks : []));
  const polygons = parts.flatMap((part) => (part.kind === 'polygon' ? part.masks : []));
  if (bitmaps.length > 0 && polygons.length > 0)
    throw new DetLabError(
      'Cannot concatenate the masks of several images: expected one kind, received bitmaps and polygons. Load all with the same poly2mask',
    );
  return kind === 'bitmap'
    ? { kind, height, width, masks: bitmaps }
    : { kind: 'polygon', height, width, masks: polygons };
}

function mapCoordinates(masks: Polygon[][], move: (value: number, i: number) => number): Polygon[][] {
  return masks.map((parts) => parts.map((part) => part.map(move)));
}
