// A COCO annotation's `segmentation`: polygons, or plain or compressed run lengths.

import { wrongSize } from './compressed-rle';
import { polygonsToRle } from './instance-masks';
import { boxToRle } from './polygon-rle';
import type { Rle } from './rle';
import { countsFromString, countsToString } from './rle-string';

/** As in a COCO file. */
export type Segmentation = number[][] | { size: number[]; counts: string | number[] };

/**
 * The mask of one annotation.
 * @throws DetLabError when the run lengths do not sum to the size.
 */
export function segmentationToRle(segmentation: Segmentation, height: number, width: number): Rle {
  if (Array.isArray(segmentation)) return polygonsToRle(segmentation, height, width);
  const { size, counts } = segmentation;
  const runs = typeof counts === 'string' ? countsFromString(counts) : Uint32Array.from(counts);
  let total = 0;
  for (let i = 0; i < runs.length; i++) total += runs[i];
  if (size?.length !== 2 || total !== size[0] * size[1]) throw wrongSize(size, total);
  return { height: size[0], width: size[1], counts: runs };
}

/** The mask of an object: of its outline, or of its box x, y, width, height where it has none. */
export function maskOfOutline(
  outline: Segmentation | undefined,
  box: ArrayLike<number>,
  { height, width }: { height: number; width: number },
): Rle {
  return outline ? segmentationToRle(outline, height, width) : boxToRle(Array.from(box), height, width);
}

/** A mask as in COCO's result files. */
export function rleToSegmentation({ height, width, counts }: Rle): { size: [number, number]; counts: string } {
  return { size: [height, width], counts: countsToString(counts) };
}

/** Whether a mask can be read from it: polygons of at least three points, or run lengths with a size. */
export function usableParts(segmentation: unknown): segmentation is Segmentation {
  if (Array.isArray(segmentation)) return usablePolygons(segmentation).length > 0;
  const { size, counts } = (segmentation ?? {}) as { size?: unknown; counts?: unknown };
  return Array.isArray(size) && (typeof counts === 'string' || Array.isArray(counts));
}

/** The polygons with an even number of coordinates, at least six. */
export function usablePolygons(polygons: readonly unknown[]): number[][] {
  return polygons.filter(
    (p): p is number[] => Array.isArray(p) && p.length % 2 === 0 && p.length >= 6 && p.every(Number.isFinite),
  );
}
