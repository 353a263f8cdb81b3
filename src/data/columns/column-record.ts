// A record whose values are read from the columns of a shard when they are asked for. They are properties of the record itself, so
// that it is copied, compared, printed and sent to a thread as any object; one that is set stays as set. Arrays are views:
// what is written into them is in the columns.

import type { Segmentation } from '../../masks';
import type { ImagePrompt, ImageRecord, Truths } from '../types';
import type { ColumnShard } from './column-shard';
import { textAt } from './text-blocks';

type Reader = (shard: ColumnShard, row: number) => unknown;

const rowsOf = <A extends Float32Array | Int32Array | Uint8Array | undefined>(
  column: A,
  { starts }: ColumnShard,
  row: number,
  width = 1,
): A => column?.subarray(width * starts[row], width * starts[row + 1]) as A;

/** The flags of a record's objects; undefined where none is set. */
function flagsOf(column: Uint8Array | undefined, shard: ColumnShard, row: number): Uint8Array | undefined {
  const flags = rowsOf(column, shard, row);
  return flags?.includes(1) ? flags : undefined;
}

const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');

function pathOf({ folder, names, nameStarts }: ColumnShard, row: number): string {
  const [start, end] = [nameStarts[row], nameStarts[row + 1]];
  return names[start] === 0 ? textOf(names, start + 1, end) : folder + textOf(names, start, end);
}

const truthsOf = (shard: ColumnShard, row: number): Truths => ({
  bboxes: rowsOf(shard.bboxes, shard, row, 4),
  labels: rowsOf(shard.labels, shard, row),
  ignored: rowsOf(shard.ignored, shard, row),
});

function annotationIdsOf({ annotationIds, textIds, starts }: ColumnShard, row: number): (number | string)[] {
  const ids: (number | string)[] = new Array(starts[row + 1] - starts[row]);
  for (let i = 0; i < ids.length; i++) ids[i] = textIds?.get(starts[row] + i) ?? annotationIds[starts[row] + i];
  return ids;
}

function outlineAt({ outlines, outlineLengths, texts }: ColumnShard, object: number): Segmentation | undefined {
  if (!outlines || !outlineLengths || !texts || outlineLengths[object] === 0) return undefined;
  return JSON.parse(textAt(texts, outlines[object], outlineLengths[object])) as Segmentation;
}

function segmentationsOf(shard: ColumnShard, row: number): ImageRecord['segmentations'] {
  if (!shard.outlined?.[row]) return undefined;
  const first = shard.starts[row];
  return Array.from({ length: shard.starts[row + 1] - first }, (_, i) => outlineAt(shard, first + i));
}

const READERS: Readonly<Record<string, Reader>> = {
  id: ({ ids }, row) => ids[row],
  path: pathOf,
  width: ({ widths }, row) => widths[row],
  height: ({ heights }, row) => heights[row],
  truths: truthsOf,
  areas: (shard, row) => rowsOf(shard.areas, shard, row),
  annotationIds: annotationIdsOf,
  crowds: (shard, row) => flagsOf(shard.crowds, shard, row),
  groups: (shard, row) => flagsOf(shard.groups, shard, row),
  fields: ({ fields }, row) => fields?.get(row),
  prompt: ({ prompts }, row) => prompts?.get(row),
  segmentations: segmentationsOf,
};

export class ColumnRecord implements ImageRecord {
  declare id: number;
  declare path: string;
  declare width: number;
  declare height: number;
  declare truths: Truths;
  declare areas: Float32Array;
  declare annotationIds: (number | string)[];
  declare crowds?: Uint8Array;
  declare groups?: Uint8Array;
  declare fields?: Readonly<Record<string, unknown>>;
  declare prompt?: ImagePrompt;
  declare segmentations?: (Segmentation | undefined)[];
  readonly #shard: ColumnShard;
  readonly #row: number;

  /** Values that were set. */
  #changed?: Map<string, unknown>;

  // the same accessors in every record, so that all have one hidden class
  private static readonly accessors = Object.entries(READERS).map(([name, read]) => ({
    name,
    descriptor: {
      enumerable: true,
      get(this: ColumnRecord): unknown {
        return this.#changed?.has(name) ? this.#changed.get(name) : read(this.#shard, this.#row);
      },
      set(this: ColumnRecord, value: unknown): void {
        this.#changed ??= new Map();
        this.#changed.set(name, value);
      },
    },
  }));

  constructor(shard: ColumnShard, row: number) {
    this.#shard = shard;
    this.#row = row;
    const { accessors } = ColumnRecord;
    for (let i = 0; i < accessors.length; i++) Object.defineProperty(this, accessors[i].name, accessors[i].descriptor);
  }

  /** Where its values are; undefined for one of which a value was set, and for other records. */
  static place(record: ImageRecord): { shard: ColumnShard; row: number } | undefined {
    if (!(#shard in record) || record.#changed) return undefined;
    return { shard: record.#shard, row: record.#row };
  }

  /** As `place`, for records without further properties: all that there is to know of them is in the columns. */
  static wholePlace(record: ImageRecord): { shard: ColumnShard; row: number } | undefined {
    const place = ColumnRecord.place(record);
    return place && Object.keys(record).length === ColumnRecord.accessors.length ? place : undefined;
  }

  /** For console.log and the output of a cell: its values instead of [Getter/Setter]. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return Object.fromEntries(Object.entries(this).filter(([, value]) => value !== undefined));
  }
}
