// Collects records row by row and packs them into shards.

import type { TruthRow } from '../datasets/truth-list';
import type { ImagePrompt, ImageRecord } from '../types';
import { ColumnRecord } from './column-record';
import { type ColumnShard, SHARD_RECORDS } from './column-shard';
import { ObjectColumns } from './object-columns';
import type { TextBlocks } from './text-blocks';

type Column = Float32Array | Float64Array | Int32Array | Uint8Array | Uint32Array;

/** Values of a column in memory that is used again for the next shard. */
class Growing<C extends Column> {
  length = 0;

  constructor(
    private readonly make: new (buffer: ArrayBufferLike) => C,
    private readonly width: number,
    public values: C = new make(new ArrayBuffer(256 * width)),
  ) {}

  push(value: number): void {
    if (this.length === this.values.length) this.grow(this.length + 1);
    this.values[this.length++] = value;
  }

  append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.values.length) this.grow(this.length + bytes.length);
    this.values.set(bytes, this.length);
    this.length += bytes.length;
  }

  private grow(length: number): void {
    const larger = new this.make(new ArrayBuffer(Math.max(2 * this.values.length, length) * this.width));
    larger.set(this.values);
    this.values = larger;
  }

  /** The values in shared memory; the column is empty afterwards. */
  take(): C {
    const taken = new this.make(new SharedArrayBuffer(this.length * this.width));
    taken.set(this.values.subarray(0, this.length));
    this.length = 0;
    return taken;
  }
}

type ImagePart = Pick<ImageRecord, 'id' | 'path' | 'width' | 'height' | 'fields' | 'prompt'>;

export class ShardBuilder {
  readonly records: ImageRecord[] = [];
  private readonly ids = new Growing(Float64Array, 8);
  private readonly widths = new Growing(Int32Array, 4);
  private readonly heights = new Growing(Int32Array, 4);
  private readonly names = new Growing(Uint8Array, 1);
  private readonly nameStarts = new Growing(Uint32Array, 4);
  private readonly starts = new Growing(Uint32Array, 4);
  private readonly outlined = new Growing(Uint8Array, 1);
  private readonly objects = new ObjectColumns();
  private textIds = new Map<number, string>();
  private fields = new Map<number, Readonly<Record<string, unknown>>>();
  private prompts = new Map<number, ImagePrompt>();
  private anyOutlined = false;

  /**
   * @param folder with a separator at its end
   * @param texts holds the outlines
   */
  constructor(
    private readonly folder: string,
    private readonly texts: TextBlocks,
  ) {}

  /** Begins a record; its objects follow. */
  image({ id, path, width, height, fields, prompt }: ImagePart): void {
    if (this.ids.length === SHARD_RECORDS) this.pack();
    if (fields) this.fields.set(this.ids.length, fields);
    if (prompt) this.prompts.set(this.ids.length, prompt);
    this.ids.push(id);
    this.widths.push(width);
    this.heights.push(height);
    this.nameStarts.push(this.names.length);
    const inside = path.startsWith(this.folder);
    this.names.append(Buffer.from(inside ? path.slice(this.folder.length) : `\0${path}`));
    this.starts.push(this.objects.count);
    this.outlined.push(0);
  }

  /** An object of the record: its box, xyxy, and what is 1 or 0 of it. */
  object(x1: number, y1: number, x2: number, y2: number, label: number, area: number, id: number): void {
    this.objects.add(x1, y1, x2, y2, label, area, id);
  }

  /** Flags of the object last given. */
  flags(ignored: boolean, crowd: boolean, group: boolean): void {
    this.objects.flags(ignored, crowd, group);
  }

  /** The annotation file gives outlines of the record. @param place in the texts, of the object last given */
  outline(place = 0, length = 0): void {
    this.anyOutlined = true;
    this.outlined.values[this.outlined.length - 1] = 1;
    if (length > 0) this.objects.outline(place, length);
  }

  /** Objects as rows. */
  rows(rows: readonly TruthRow[]): void {
    for (const row of rows) {
      const { annotationId, segmentation } = row;
      if (typeof annotationId === 'string') this.textIds.set(this.objects.count, annotationId);
      this.object(...row.bbox, row.label, row.area, typeof annotationId === 'string' ? Number.NaN : annotationId);
      this.flags(row.ignored, row.crowd ?? false, row.group ?? false);
      if (segmentation) {
        const text = Buffer.from(JSON.stringify(segmentation));
        this.outline(this.texts.add(text, 0, text.length), text.length);
      } else if (row.outlined) this.outline();
    }
  }

  /** All records. */
  finish(): ImageRecord[] {
    if (this.ids.length > 0) this.pack();
    return this.records;
  }

  private pack(): void {
    const count = this.ids.length;
    this.nameStarts.push(this.names.length);
    this.starts.push(this.objects.count);
    const outlined = this.outlined.take();
    const shard: ColumnShard = {
      ids: this.ids.take(),
      widths: this.widths.take(),
      heights: this.heights.take(),
      folder: this.folder,
      names: this.names.take(),
      nameStarts: this.nameStarts.take(),
      starts: this.starts.take(),
      ...this.objects.take(this.anyOutlined),
      ...(this.textIds.size > 0 && { textIds: this.textIds }),
      ...(this.anyOutlined && { outlined, texts: this.texts.blocks }),
      ...(this.fields.size > 0 && { fields: this.fields }),
      ...(this.prompts.size > 0 && { prompts: this.prompts }),
    };
    this.textIds = new Map();
    this.fields = new Map();
    this.prompts = new Map();
    this.anyOutlined = false;
    for (let i = 0; i < count; i++) this.records.push(new ColumnRecord(shard, i));
  }
}
