// The annotations of a COCO file by column, in its order. Those that are as COCO's own are read from their bytes; any other is
// kept as the object that it is. Outlines stay text until they are asked for.

import { TextBlocks } from '../../columns/text-blocks';
import type { ListReader } from '../../loading/json-lists';
import { readAnnotationBytes } from './annotation-bytes';
import { fieldsOf } from './fields';

/** Annotations a chunk: columns grow without being copied. */
export const CHUNK_BITS = 12;
const CHUNK = 1 << CHUNK_BITS;
export const CHUNK_MASK = CHUNK - 1;

/** Flags of an annotation. */
export const CROWD = 1;
export const IGNORE = 2;
export const GROUP = 4;
/** The file gives it no area. */
export const NO_AREA = 8;
/** It has usable polygons, as text. */
export const POLYGONS = 16;
/** It is not in the columns, but an object of its own. */
export const OBJECT = 32;

export class AnnotationChunk {
  readonly ids = new Float64Array(CHUNK);
  readonly images = new Float64Array(CHUNK);
  readonly categories = new Float64Array(CHUNK);
  /** [n, 4], x, y, width, height. */
  readonly boxes = new Float64Array(4 * CHUNK);
  readonly areas = new Float64Array(CHUNK);
  readonly flags = new Uint8Array(CHUNK);
  /** Of each place and length of its outline in the texts of the table; absent: none has any. */
  outlines?: Float64Array;
  outlineLengths?: Uint32Array;

  setOutline(row: number, place: number, length: number): void {
    this.outlines ??= new Float64Array(CHUNK);
    this.outlineLengths ??= new Uint32Array(CHUNK);
    this.outlines[row] = place;
    this.outlineLengths[row] = length;
  }
}

export class AnnotationTable implements ListReader {
  length = 0;
  readonly chunks: AnnotationChunk[] = [];
  /** Outlines as JSON. */
  readonly texts = new TextBlocks();
  /** Annotations that are not in the columns, by index. */
  readonly objects = new Map<number, unknown>();
  /** Whether an annotation has segments in a PNG file. */
  panoptic = false;

  /** The table of entries that were parsed. */
  static of(entries: readonly unknown[]): AnnotationTable {
    const table = new AnnotationTable();
    for (const entry of entries) table.parsed(entry);
    return table;
  }

  readonly read = readAnnotationBytes(this);

  /** The chunk that the next annotation is written to. */
  open(): AnnotationChunk {
    if ((this.length & CHUNK_MASK) === 0 && this.chunks.length === this.length >> CHUNK_BITS)
      this.chunks.push(new AnnotationChunk());
    return this.chunks[this.length >> CHUNK_BITS];
  }

  parsed(entry: unknown): void {
    this.open().flags[this.length & CHUNK_MASK] = OBJECT;
    this.objects.set(this.length, entry);
    this.length++;
    if (Array.isArray(fieldsOf(entry)?.segments_info)) this.panoptic = true;
  }
}
