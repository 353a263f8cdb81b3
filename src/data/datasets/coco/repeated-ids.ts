// The ids that several annotations of a file have. Most files count them up, so that none can come twice.

import { CHUNK_BITS, CHUNK_MASK, OBJECT } from './annotation-chunk';
import type { AnnotationTable } from './annotation-table';
import { fieldsOf, type Key } from './fields';

export function repeatedIds({ chunks, objects, length, idsRepeat }: AnnotationTable): ReadonlySet<Key> {
  const repeated = new Set<Key>();
  if (idsRepeat || (objects.size === 0 && risesStrictly(chunks, length))) return repeated;
  const texts = new Set<string>();
  const numbers = new Float64Array(length);
  let count = 0;
  for (let i = 0; i < length; i++) {
    const chunk = chunks[i >> CHUNK_BITS];
    const row = i & CHUNK_MASK;
    const id = chunk.flags[row] & OBJECT ? fieldsOf(objects.get(i))?.id : chunk.ids[row];
    if (typeof id === 'number') numbers[count++] = id;
    else if (typeof id !== 'string') continue;
    else if (texts.has(id)) repeated.add(id);
    else texts.add(id);
  }
  const sorted = numbers.subarray(0, count).sort();
  for (let i = 1; i < count; i++) if (sorted[i] === sorted[i - 1]) repeated.add(sorted[i]);
  return repeated;
}

function risesStrictly(chunks: AnnotationTable['chunks'], length: number): boolean {
  let last = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) {
    const id = chunks[i >> CHUNK_BITS].ids[i & CHUNK_MASK];
    if (id <= last) return false;
    last = id;
  }
  return true;
}
