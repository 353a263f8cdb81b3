// The classes above each class of Open Images: a tree in JSON, or the matrix of its challenge, saved by NumPy: the first row and column
// are none of a class; 1 where the class of the column is above that of the row.

import { DetLabError } from '../../errors';
import { readJsonValue } from '../formats/place';
import type { ReadReport } from '../formats/read-report';
import { LIMITS, readBounded } from '../loading/bounded-read';
import { fieldsOf, nameOf } from './coco/fields';

/** Machine ids of the classes above each, or names where the file has positions alone. */
export type Hierarchy = { ids: Map<string, Set<string>> } | { names: Map<string, Set<string>> };

export async function readHierarchy(file: string, classes: readonly string[], report: ReadReport): Promise<Hierarchy> {
  if (!file.endsWith('.json')) return { names: ofMatrix(await readBounded(file, LIMITS.list), file, classes) };
  const ids = new Map<string, Set<string>>();
  walk(await readJsonValue(file, report), [], ids);
  return { ids };
}

function walk(node: unknown, above: readonly string[], ids: Map<string, Set<string>>): void {
  const children = fieldsOf(node)?.Subcategory;
  for (const child of Array.isArray(children) ? children : []) {
    const id = nameOf(fieldsOf(child)?.LabelName);
    if (id === undefined) continue;
    const known = ids.get(id) ?? new Set();
    for (const other of above) known.add(other);
    ids.set(id, known);
    walk(child, [id, ...above], ids);
  }
}

/** By name. */
export function ancestorsByName(
  hierarchy: Hierarchy,
  names: ReadonlyMap<string, string>,
): ReadonlyMap<string, ReadonlySet<string>> {
  if ('names' in hierarchy) return hierarchy.names;
  const found = new Map<string, Set<string>>();
  for (const [id, above] of hierarchy.ids) {
    const name = names.get(id);
    if (name !== undefined) found.set(name, new Set([...above].flatMap((other) => names.get(other) ?? [])));
  }
  return found;
}

const NPY = '\u0093NUMPY';
/** Numbers of a .npy file by its dtype. */
const READERS: Record<string, [bytes: number, read: (view: DataView, at: number) => number]> = {
  '<f8': [8, (view, at) => view.getFloat64(at, true)],
  '<f4': [4, (view, at) => view.getFloat32(at, true)],
  '<i8': [8, (view, at) => Number(view.getBigInt64(at, true))],
  '<i4': [4, (view, at) => view.getInt32(at, true)],
  '|u1': [1, (view, at) => view.getUint8(at)],
  '|b1': [1, (view, at) => view.getUint8(at)],
};

function ofMatrix(bytes: Buffer, file: string, classes: readonly string[]): Map<string, Set<string>> {
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot use hierarchy_file "${file}": ${what}`);
  };
  if (bytes.toString('latin1', 0, 6) !== NPY) fail('expected a tree in JSON (.json) or a matrix that NumPy saved');
  const wide = bytes[6] > 1;
  const start = wide ? 12 : 10;
  const length = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', start, start + length);
  const dtype = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? '';
  const side = classes.length + 1;
  const shape = /'shape':\s*\((\d+),\s*(\d+)\)/.exec(header)?.slice(1).map(Number) ?? [];
  const [size, read] = READERS[dtype] ?? fail(`expected a matrix of numbers, received "${dtype}". Save it as floats`);
  if (shape.join() !== `${side},${side}`)
    fail(`expected ${side} x ${side} numbers for ${classes.length} classes, received ${shape.join(' x ')}`);
  const data = new DataView(bytes.buffer, bytes.byteOffset + start + length);
  if (data.byteLength < side * side * size) fail('it ends early');
  const isColumnMajor = /'fortran_order':\s*True/.test(header);
  const at = (row: number, column: number) =>
    read(data, size * (isColumnMajor ? column * side + row : row * side + column));
  return new Map(classes.map((name, i) => [name, new Set(classes.filter((_, j) => j !== i && at(i + 1, j + 1) > 0))]));
}
