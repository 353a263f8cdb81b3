// A COCO annotation's `segmentation`: polygons, or plain or compressed run lengths.

import { DetLabError } from '../errors';
import { polygonsToRle } from './instance-masks';
import type { Rle } from './rle';
import { countsFromString, countsToString, readCounts } from './rle-string';

/** As in a COCO file. */
export type Segmentation = number[][] | { size: number[]; counts: string | number[] };

/**
 * The mask of one annotation.
 * @throws DetLabError when the run lengths do not sum to the size.
 */
export function segmentationToRle(segmentation: Segmentation, height: number, width: number): Rle {
  if (Array.isArray(segmentation)) return polygonsToRle(segmentation, height, width);
  const { size, counts } = segmentation;
  return sized(size, typeof counts === 'string' ? countsFromString(counts) : Uint32Array.from(counts));
}

/**
 * The masks of several annotations of one image, whose compressed run lengths share one array: transfer copies of them.
 * @throws DetLabError as `segmentationToRle`
 */
export function segmentationsToRles(segmentations: readonly Segmentation[], height: number, width: number): Rle[] {
  const textOf = (one: Segmentation) => (!Array.isArray(one) && typeof one.counts === 'string' ? one.counts : '');
  const shared = new Uint32Array(segmentations.reduce((sum, one) => sum + textOf(one).length, 0));
  let end = 0;
  return segmentations.map((one) => {
    const text = textOf(one);
    if (text === '') return segmentationToRle(one, height, width);
    const first = end;
    end = readCounts(text, shared, first);
    return sized((one as { size: number[] }).size, shared.subarray(first, end));
  });
}

function sized(size: number[], counts: Uint32Array): Rle {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i];
  if (size?.length !== 2 || total !== size[0] * size[1])
    throw new DetLabError(
      `Cannot read a run-length encoded mask: expected runs that sum to its size [${size}], received ${total} pixels`,
    );
  return { height: size[0], width: size[1], counts };
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
