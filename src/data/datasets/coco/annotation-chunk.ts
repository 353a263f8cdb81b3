// Some thousand annotations of a COCO file by column.

import type { TextBlocks } from '../../columns/text-blocks';

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

/** What annotations are written to. */
export interface AnnotationSink {
  length: number;
  readonly texts: TextBlocks;
  /** The chunk that the next annotation is written to. */
  open(): AnnotationChunk;
}
