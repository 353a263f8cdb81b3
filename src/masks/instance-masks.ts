// The masks of the objects of one image: run-length encoded bitmaps, or polygons (MMDetection's BitmapMasks and
// PolygonMasks), with what transforms do to them. A polygon mask keeps its corners through every change of scale.

import { DetLabError } from '../errors';
import type { FlipDirection } from '../geometry/boxes';
import { polygonToRle } from './polygon-rle';
import { mergeRles, type Rle } from './rle';
import { cropRle, flipRle, padRle, resizeRle } from './rle-geometry';

/** x1, y1, x2, y2, ... in pixels. */
export type Polygon = Float64Array;

export type InstanceMasks = { height: number; width: number } & (
  | { kind: 'bitmap'; masks: Rle[] }
  /** One object may have several parts. */
  | { kind: 'polygon'; masks: Polygon[][] }
);

/** Parts of an object, painted together. */
export function polygonsToRle(parts: readonly ArrayLike<number>[], height: number, width: number): Rle {
  return mergeRles(parts.map((part) => polygonToRle(part, height, width)));
}

/** Each object's bitmap. */
export function toRles(masks: InstanceMasks): Rle[] {
  const { height, width } = masks;
  return masks.kind === 'bitmap' ? masks.masks : masks.masks.map((parts) => polygonsToRle(parts, height, width));
}

/** The masks at `indices`, in that order. */
export function takeMasks(masks: InstanceMasks, indices: ArrayLike<number>): InstanceMasks {
  const take = <T>(list: T[]): T[] => Array.from(indices, (i) => list[i]);
  return masks.kind === 'bitmap' ? { ...masks, masks: take(masks.masks) } : { ...masks, masks: take(masks.masks) };
}

/** At another size of the image. */
export function resizeMasks(masks: InstanceMasks, height: number, width: number): InstanceMasks {
  if (masks.kind === 'bitmap')
    return { kind: 'bitmap', height, width, masks: masks.masks.map((mask) => resizeRle(mask, height, width)) };
  const [fx, fy] = [width / masks.width, height / masks.height];
  return { kind: 'polygon', height, width, masks: moved(masks.masks, (v, i) => v * (i & 1 ? fy : fx)) };
}

export function flipMasks(masks: InstanceMasks, direction: FlipDirection): InstanceMasks {
  if (masks.kind === 'bitmap') return { ...masks, masks: masks.masks.map((mask) => flipRle(mask, direction)) };
  const { height, width } = masks;
  const flip = (v: number, i: number) => {
    if (i & 1) return direction === 'horizontal' ? v : height - v;
    return direction === 'vertical' ? v : width - v;
  };
  return { ...masks, masks: moved(masks.masks, flip) };
}

/** Room added at the bottom and right. */
export function padMasks(masks: InstanceMasks, height: number, width: number): InstanceMasks {
  if (masks.kind === 'polygon') return { ...masks, height, width };
  return { kind: 'bitmap', height, width, masks: masks.masks.map((mask) => padRle(mask, height, width)) };
}

/**
 * The part of bitmap masks in a window whose corner lies at `top`, `left`.
 * @throws DetLabError for polygons: load them with poly2mask.
 */
export function cropMasks(
  masks: InstanceMasks,
  window: Record<'top' | 'left' | 'height' | 'width', number>,
): InstanceMasks {
  if (masks.kind === 'polygon')
    throw new DetLabError('Cannot crop polygon masks: load them as bitmaps, with poly2mask: true in LoadAnnotations');
  const { height, width } = window;
  return { kind: 'bitmap', height, width, masks: masks.masks.map((mask) => cropRle(mask, window)) };
}

/**
 * The masks laid into a frame of `height` x `width` with their corner at `left`, `top`; what reaches over it is cut off
 * (a polygon's corners are drawn back to the border, as MMDetection does).
 */
export function placeMasks(
  masks: InstanceMasks,
  { top, left, height, width }: Record<'top' | 'left' | 'height' | 'width', number>,
): InstanceMasks {
  if (masks.kind === 'bitmap') {
    const window = { top: -top, left: -left, height, width };
    return { kind: 'bitmap', height, width, masks: masks.masks.map((mask) => cropRle(mask, window)) };
  }
  const place = (v: number, i: number) => Math.min(Math.max(v + (i & 1 ? top : left), 0), i & 1 ? height : width);
  return { kind: 'polygon', height, width, masks: moved(masks.masks, place) };
}

/**
 * Masks of several lists in one frame, one list after the other.
 * @throws DetLabError when some are bitmaps and others polygons.
 */
export function concatMasks(parts: readonly InstanceMasks[]): InstanceMasks {
  const [{ height, width, kind }] = parts;
  const bitmaps = parts.flatMap((part) => (part.kind === 'bitmap' ? part.masks : []));
  const polygons = parts.flatMap((part) => (part.kind === 'polygon' ? part.masks : []));
  if (bitmaps.length > 0 && polygons.length > 0)
    throw new DetLabError(
      'Cannot put the masks of several images together: some are bitmaps, others polygons. Load all with the same poly2mask',
    );
  return kind === 'bitmap'
    ? { kind, height, width, masks: bitmaps }
    : { kind: 'polygon', height, width, masks: polygons };
}

function moved(masks: Polygon[][], move: (value: number, i: number) => number): Polygon[][] {
  return masks.map((parts) => parts.map((part) => part.map(move)));
}
