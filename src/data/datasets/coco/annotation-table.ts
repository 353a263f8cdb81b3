// The annotations of a COCO file by column, in its order. Those that are as COCO's own are read from their bytes; any other is
// kept as the object that it is. Outlines stay text until they are asked for.

import { TextBlocks } from '../../columns/text-blocks';
import type { ListReader } from '../../loading/json-lists';
import { readAnnotationBytes } from './annotation-bytes';
import { AnnotationChunk, type AnnotationSink, CHUNK_BITS, CHUNK_MASK, OBJECT } from './annotation-chunk';
import { fieldsOf } from './fields';

export class AnnotationTable implements ListReader, AnnotationSink {
  length = 0;
  readonly chunks: AnnotationChunk[] = [];
  /** Outlines as JSON. */
  readonly texts = new TextBlocks();
  /** Annotations that are not in the columns, by index. */
  readonly objects = new Map<number, unknown>();
  /** Whether an annotation has segments in a PNG file. */
  panoptic = false;
  /** Ids are those of an image alone: they come again. */
  idsRepeat = false;

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
