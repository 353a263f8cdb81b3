// The segmentation of an annotation: polygons or run lengths from which a mask can be read, nothing, or something from which
// none can be read.

import {
  countsFromString,
  rleArea,
  rleToBox,
  type Segmentation,
  segmentationToRle,
  usablePolygons,
} from '../../../masks';
import { MAX_COORDINATE, MAX_SIDE } from './fields';

export type Outline =
  | { kind: 'none' }
  /** `skipped` parts of `parts` polygons cannot be read. */
  | { kind: 'usable'; segmentation: Segmentation; skipped: number; parts: number }
  | { kind: 'bad'; why: string };

const bad = (why: string): Outline => ({ kind: 'bad', why });

/** An outline as a mask can be read from it, whatever the size of the image. */
export function readOutline(value: unknown): Outline {
  if (value === undefined || value === null || value === '' || value === false) return { kind: 'none' };
  if (Array.isArray(value)) return readPolygons(value);
  if (typeof value !== 'object') return bad(`is a ${typeof value}, not polygons or run lengths`);
  if (Object.keys(value).length === 0) return { kind: 'none' };
  return readRunLengths(value as { size?: unknown; counts?: unknown });
}

function readPolygons(value: readonly unknown[]): Outline {
  const parts = value.filter((part) => !(Array.isArray(part) && part.length === 0));
  if (parts.length === 0) return { kind: 'none' };
  if (typeof parts[0] === 'number')
    return bad('is a flat list of numbers: expected a list of polygons, [[x1, y1, x2, y2, x3, y3, ...]]');
  if (
    parts.every((part) => Array.isArray(part) && part.length === 2 && part.every(Number.isFinite)) &&
    parts.length > 2
  )
    return bad('is a list of points: expected a list of polygons, [[x1, y1, x2, y2, x3, y3, ...]]');
  const polygons = usablePolygons(parts).filter((part) => part.every((v) => Math.abs(v) <= MAX_COORDINATE));
  if (polygons.length === 0) return bad('has no polygon of at least three points (six numbers)');
  return { kind: 'usable', segmentation: polygons, skipped: parts.length - polygons.length, parts: parts.length };
}

function readRunLengths({ size, counts }: { size?: unknown; counts?: unknown }): Outline {
  const side = (value: unknown) => Number.isInteger(value) && (value as number) > 0 && (value as number) <= MAX_SIDE;
  if (!Array.isArray(size) || size.length !== 2 || !size.every(side))
    return bad('has run lengths without a size [height, width]');
  let runs: ArrayLike<number>;
  try {
    if (typeof counts === 'string') runs = countsFromString(counts);
    else if (Array.isArray(counts) && counts.every((run) => Number.isInteger(run) && run >= 0)) runs = counts;
    else return bad('has run lengths whose counts are neither integers nor a string');
  } catch {
    return bad('has run lengths whose string cannot be decoded');
  }
  let [total, area] = [0, 0];
  for (let i = 0; i < runs.length; i++) {
    total += runs[i];
    if (i % 2 === 1) area += runs[i];
  }
  if (total !== size[0] * size[1])
    return bad(`has run lengths of ${total} pixels, its size ${size[0]} x ${size[1]} has ${size[0] * size[1]}`);
  if (area === 0) return bad('is an empty mask');
  return { kind: 'usable', segmentation: { size, counts } as Segmentation, skipped: 0, parts: 1 };
}

/** Why a usable outline is none of an image of this size; undefined when it fits. */
export function misfit(
  segmentation: Segmentation,
  { width, height }: { width: number; height: number },
): string | undefined {
  if (Array.isArray(segmentation)) return undefined;
  const [rows, columns] = segmentation.size;
  if (rows === height && columns === width) return undefined;
  return `is a mask of size [${rows}, ${columns}] (height, width) in an image of [${height}, ${width}]`;
}

/** The box around an outline, [x, y, width, height]. */
export function outlineBox(segmentation: Segmentation): [number, number, number, number] {
  if (!Array.isArray(segmentation)) return rleToBox(segmentationToRle(segmentation, 0, 0));
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const part of segmentation)
    for (let i = 0; i < part.length; i += 2) {
      [x1, x2] = [Math.min(x1, part[i]), Math.max(x2, part[i])];
      [y1, y2] = [Math.min(y1, part[i + 1]), Math.max(y2, part[i + 1])];
    }
  return [x1, y1, x2 - x1, y2 - y1];
}

/** The area inside an outline in pixels. */
export const outlineArea = (segmentation: Segmentation, { width, height }: { width: number; height: number }): number =>
  rleArea(segmentationToRle(segmentation, height, width));
