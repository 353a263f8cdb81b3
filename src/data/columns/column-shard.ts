// Some thousand records of a dataset by column, in shared memory: threads read them without a copy, and a million records are
// a few hundred arrays. Outlines are JSON text until they are asked for.

import type { ImagePrompt } from '../types';

/** Records of a shard, at most. */
export const SHARD_RECORDS = 4096;

export interface ColumnShard {
  ids: Float64Array;
  widths: Int32Array;
  heights: Int32Array;
  /** Where paths start that are within it; ends with a separator. */
  folder: string;
  /** UTF-8, without `folder`; a whole path follows a byte 0. */
  names: Uint8Array;
  nameStarts: Uint32Array; // [records + 1]
  /** Objects of record i are starts[i] to starts[i + 1]. */
  starts: Uint32Array; // [records + 1]
  bboxes: Float32Array; // [objects, 4], xyxy
  labels: Int32Array;
  ignored: Uint8Array;
  areas: Float32Array;
  annotationIds: Float64Array;
  /** Ids that are text, by object. */
  textIds?: ReadonlyMap<number, string>;
  crowds?: Uint8Array;
  groups?: Uint8Array;
  /** 1 for records of which the annotation file gives outlines. */
  outlined?: Uint8Array;
  /** Of each object place and length of its outline in `texts`, as JSON; length 0: it has no usable one. */
  outlines?: Float64Array;
  outlineLengths?: Uint32Array;
  /** Shared by all shards of a file. */
  texts?: readonly Uint8Array[];
  /** What the annotation file says of a record beyond that. */
  fields?: ReadonlyMap<number, Readonly<Record<string, unknown>>>;
  /** What detectors on text are to find. */
  prompts?: ReadonlyMap<number, ImagePrompt>;
}
