// The records of a dataset in one block of shared memory, so that every worker thread can read any of them without a copy
// of all: needed by transforms that mix several images.

import { deserialize, serialize } from 'node:v8';
import type { ImageRecord } from '../types';

/** Serialised records; posted to threads without a copy. */
export interface PackedRecords {
  bytes: SharedArrayBuffer;
  /** Byte offset of each distinct record, and the end of the last. */
  starts: Float64Array;
  /** The distinct record of each index of the dataset. */
  slots: Int32Array;
}

export interface RecordStore {
  readonly length: number;
  at(index: number): ImageRecord;
}

export const storeOf = (records: readonly ImageRecord[]): RecordStore => ({
  length: records.length,
  at: (index) => records[index],
});

export function packRecords(records: readonly ImageRecord[]): PackedRecords {
  // a repeated dataset holds a record several times
  const known = new Map<ImageRecord, number>();
  const slots = Int32Array.from(records, (record) => {
    const slot = known.get(record) ?? known.size;
    known.set(record, slot);
    return slot;
  });
  const parts = [...known.keys()].map((record) => serialize(record));
  const starts = new Float64Array(parts.length + 1);
  for (const [i, part] of parts.entries()) starts[i + 1] = starts[i] + part.length;
  const bytes = new SharedArrayBuffer(starts[parts.length]);
  const view = new Uint8Array(bytes);
  for (const [i, part] of parts.entries()) view.set(part, starts[i]);
  return { bytes, starts, slots };
}

export function openRecords({ bytes, starts, slots }: PackedRecords): RecordStore {
  return {
    length: slots.length,
    at(index) {
      const slot = slots[index];
      // copied, else the record's arrays would be views of the shared memory
      return deserialize(new Uint8Array(bytes).slice(starts[slot], starts[slot + 1])) as ImageRecord;
    },
  };
}
