// The masks of one image: run-length encoded bitmaps, or polygons (MMDetection's BitmapMasks and PolygonMasks), and the
// operations of transforms on them. Polygons are never rasterised in between.

import { DetLabError } from '../errors';
import { type FlipDirection, isY } from '../geometry/boxes';
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

/**
 * Bitmap masks cropped to a window.
 * @throws DetLabError for polygons: load them with poly2mask.
 */
export function cropMasks(
  masks: InstanceMasks,
  window: Record<'top' | 'left' | 'height' | 'width', number>,
): InstanceMasks {
  if (masks.kind === 'polygon')
    throw new DetLabError(
      'Cannot crop masks: expected bitmaps, received polygons. Set poly2mask: true in LoadAnnotations',
    );
  const { height, width } = window;
  return { kind: 'bitmap', height, width, masks: masks.masks.map((mask) => cropRle(mask, window)) };
}

/**
 * Masks pasted into a frame of `height` x `width` with their top left corner at (left, top), clipped to it (polygons by
 * clamping their coordinates, as in MMDetection).
 */
export function placeMasks(
  masks: InstanceMasks,
  { top, left, height, width }: Record<'top' | 'left' | 'height' | 'width', number>,
): InstanceMasks {
  if (masks.kind === 'bitmap') {
    const window = { top: -top, left: -left, height, width };
    return { kind: 'bitmap', height, width, masks: masks.masks.map((mask) => cropRle(mask, window)) };
  }
  const place = (v: number, i: number) => Math.min(Math.max(v + (isY(i) ? top : left), 0), isY(i) ? height : width);
  return { kind: 'polygon', height, width, masks: mapCoordinates(masks.masks, place) };
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
