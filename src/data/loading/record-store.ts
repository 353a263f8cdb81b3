// The records of a dataset in shared memory, so that every worker thread can read any of them without a copy of all. Those of
// columns are shared as they are; others are serialised, if they are asked for.

import { deserialize, serialize } from 'node:v8';
import { ColumnRecord } from '../columns/column-record';
import type { ColumnShard } from '../columns/column-shard';
import type { ImageRecord } from '../types';

/** Posted to threads without a copy. */
export interface PackedRecords {
  shards: ColumnShard[];
  /** Of each index of the dataset the shard and the row in it; shard -1: row is that of a serialised record, -2: not packed. */
  places: Int32Array; // [n, 2]
  /** Serialised records, and the byte offset of each. */
  bytes: SharedArrayBuffer;
  starts: Float64Array;
}

const [SERIALISED, ABSENT] = [-1, -2];

export interface RecordStore {
  readonly length: number;
  at(index: number): ImageRecord;
}

export const storeOf = (records: readonly ImageRecord[]): RecordStore => ({
  length: records.length,
  at: (index) => records[index],
});

/** @param all serialises records that are not in columns; default: these are left out */
export function packRecords(records: readonly ImageRecord[], all = true): PackedRecords {
  const shards = new Map<ColumnShard, number>();
  // a repeated dataset holds a record several times
  const known = new Map<ImageRecord, number>();
  const places = new Int32Array(new SharedArrayBuffer(8 * records.length));
  for (let i = 0; i < records.length; i++) {
    const place = ColumnRecord.wholePlace(records[i]);
    if (place) {
      const shard = shards.get(place.shard) ?? shards.size;
      shards.set(place.shard, shard);
      places[2 * i] = shard;
      places[2 * i + 1] = place.row;
    } else if (all) {
      const slot = known.get(records[i]) ?? known.size;
      known.set(records[i], slot);
      places[2 * i] = SERIALISED;
      places[2 * i + 1] = slot;
    } else places[2 * i] = ABSENT;
  }
  const parts = [...known.keys()].map((record) => serialize(record));
  const starts = new Float64Array(parts.length + 1);
  for (const [i, part] of parts.entries()) starts[i + 1] = starts[i] + part.length;
  const bytes = new SharedArrayBuffer(starts[parts.length]);
  const view = new Uint8Array(bytes);
  for (const [i, part] of parts.entries()) view.set(part, starts[i]);
  return { shards: [...shards.keys()], places, bytes, starts };
}

export function openRecords({ shards, places, bytes, starts }: PackedRecords): RecordStore {
  return {
    length: places.length / 2,
    at(index) {
      const [shard, row] = [places[2 * index], places[2 * index + 1]];
      if (shard >= 0) return new ColumnRecord(shards[shard], row);
      if (shard === ABSENT) throw new Error(`Record ${index} was not packed`);
      // copied, else the record's arrays would be views of the shared memory
      return deserialize(new Uint8Array(bytes).slice(starts[row], starts[row + 1])) as ImageRecord;
    },
  };
}

/** Whether a record is in a store that was packed without serialising. */
export const isPacked = ({ places }: PackedRecords, index: number): boolean => places[2 * index] !== ABSENT;
