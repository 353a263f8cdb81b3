// What is known of the n instances of an image, as columns: flat arrays of n rows, lists of n, keypoints or masks. Selecting and
// concatenating work on any column, so a new one needs its line in `Truths` or `Detections` and nothing here.

import { concatKeypoints, type Keypoints, takeKeypoints } from '../geometry/keypoints';
import { concatMasks, type InstanceMasks, takeMasks } from '../masks';

type Rows = Float32Array | Int32Array | Uint8Array;
export type InstanceColumn = Rows | InstanceMasks | Keypoints | readonly unknown[];

/** Every record of instances has boxes; they count the instances. Columns that are not known are absent. */
export interface InstanceRecord {
  bboxes: Float32Array; // [n, 4]
}

const isRows = (column: InstanceColumn): column is Rows => ArrayBuffer.isView(column);
const isKeypoints = (column: InstanceColumn): column is Keypoints => 'kind' in column && column.kind === 'keypoints';
const isMasks = (column: InstanceColumn): column is InstanceMasks => 'kind' in column && !isKeypoints(column);

const columnsOf = (instances: InstanceRecord) =>
  Object.entries(instances).filter((entry): entry is [string, InstanceColumn] => entry[1] !== undefined);

/** A new array of the same element type. */
const emptyLike = <R extends Rows>(rows: R, length: number): R =>
  new (rows.constructor as new (n: number) => R)(length);

function takeRows<R extends Rows>(rows: R, width: number, indices: ArrayLike<number>): R {
  const taken = emptyLike(rows, indices.length * width);
  for (let i = 0; i < indices.length; i++)
    for (let k = 0; k < width; k++) taken[i * width + k] = rows[indices[i] * width + k];
  return taken;
}

function takeColumn(column: InstanceColumn, count: number, indices: ArrayLike<number>): InstanceColumn {
  if (isRows(column)) return takeRows(column, column.length / Math.max(count, 1), indices);
  if (isKeypoints(column)) return takeKeypoints(column, indices);
  if (isMasks(column)) return takeMasks(column, indices);
  return Array.from(indices, (i) => column[i]);
}

function concatColumn(parts: readonly InstanceColumn[]): InstanceColumn {
  const [first] = parts;
  if (isRows(first)) {
    const rows = parts.filter(isRows);
    const whole = emptyLike(
      first,
      rows.reduce((n, part) => n + part.length, 0),
    );
    let at = 0;
    for (const part of rows) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
  if (isKeypoints(first)) return concatKeypoints(parts.filter(isKeypoints));
  return isMasks(first) ? concatMasks(parts.filter(isMasks)) : (parts as unknown[][]).flat();
}

/**
 * The instances at `indices`, in that order; nothing is changed in place.
 *
 * @example takeInstances({ bboxes, labels }, [2, 0]).labels // of the third and the first
 */
export function takeInstances<T extends InstanceRecord>(instances: T, indices: ArrayLike<number>): T {
  const count = instances.bboxes.length / 4;
  const taken = columnsOf(instances).map(([name, column]) => [name, takeColumn(column, count, indices)]);
  return Object.fromEntries(taken) as T;
}

/**
 * The instances of several images in one frame, one image after the other. A column that some part lacks is left out.
 *
 * @param parts at least one
 * @throws DetLabError when some masks are bitmaps and others polygons
 */
export function concatInstances<T extends InstanceRecord>(parts: readonly T[]): T {
  const columns = parts.map((part) => new Map(columnsOf(part)));
  const shared = [...columns[0].keys()].filter((name) => columns.every((part) => part.has(name)));
  const joined = shared.map((name) => {
    const ofParts = columns.map((part) => part.get(name)).filter((column) => column !== undefined);
    return [name, concatColumn(ofParts)];
  });
  return Object.fromEntries(joined) as T;
}
