// The records of a data set in one block of shared memory, so that every loader thread reads any of them without a copy of
// the whole: what transforms of several images need.

import { deserialize, serialize } from 'node:v8';
import type { ImageRecord } from '../types';

/** Travels to threads as it is. */
export interface PackedRecords {
  bytes: SharedArrayBuffer;
  /** Where each different record begins; one more than there are. */
  starts: Float64Array;
  /** Which of them stands at each place of the data set. */
  places: Int32Array;
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
  // a repeated data set holds a record several times
  const known = new Map<ImageRecord, number>();
  const places = Int32Array.from(records, (record) => {
    const place = known.get(record) ?? known.size;
    known.set(record, place);
    return place;
  });
  const parts = [...known.keys()].map((record) => serialize(record));
  const starts = new Float64Array(parts.length + 1);
  for (const [i, part] of parts.entries()) starts[i + 1] = starts[i] + part.length;
  const bytes = new SharedArrayBuffer(starts[parts.length]);
  const view = new Uint8Array(bytes);
  for (const [i, part] of parts.entries()) view.set(part, starts[i]);
  return { bytes, starts, places };
}

export function openRecords({ bytes, starts, places }: PackedRecords): RecordStore {
  return {
    length: places.length,
    at(index) {
      const place = places[index];
      // a copy: what is read from it would be views of the shared memory otherwise
      return deserialize(new Uint8Array(bytes).slice(starts[place], starts[place + 1])) as ImageRecord;
    },
  };
}
