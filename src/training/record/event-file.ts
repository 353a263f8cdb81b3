// TensorBoard's event files: records of TFRecord (length, its checksum, data, its checksum) with Event messages of protobuf, after
// event.proto and summary.proto of TensorFlow.

import { appendFileSync } from 'node:fs';
import type { Type } from 'protobufjs/light';
import { crc32c } from './crc32c';

const optional = (id: number, type: string) => ({ id, type });
const repeated = (id: number, type: string) => ({ id, type, rule: 'repeated' });

const MESSAGES = {
  nested: {
    Event: {
      fields: {
        wallTime: optional(1, 'double'),
        step: optional(2, 'int64'),
        fileVersion: optional(3, 'string'),
        summary: optional(5, 'Summary'),
        sessionLog: optional(7, 'SessionLog'),
      },
    },
    Summary: { fields: { value: repeated(1, 'Value') } },
    Value: {
      fields: {
        tag: optional(1, 'string'),
        simpleValue: optional(2, 'float'),
        image: optional(4, 'Image'),
        tensor: optional(8, 'Tensor'),
        metadata: optional(9, 'Metadata'),
      },
    },
    Image: {
      fields: {
        height: optional(1, 'int32'),
        width: optional(2, 'int32'),
        colorspace: optional(3, 'int32'),
        encodedImageString: optional(4, 'bytes'),
      },
    },
    Metadata: { fields: { pluginData: optional(1, 'PluginData') } },
    PluginData: { fields: { pluginName: optional(1, 'string') } },
    Tensor: {
      fields: {
        dtype: optional(1, 'int32'),
        tensorShape: optional(2, 'Shape'),
        stringVal: repeated(8, 'bytes'),
      },
    },
    Shape: { fields: { dim: repeated(2, 'Dim') } },
    Dim: { fields: { size: optional(1, 'int64') } },
    SessionLog: { fields: { status: optional(1, 'int32') } },
  },
};

let kept: Type | undefined;
/** The message Event; protobufjs is loaded for the first one. */
const eventType = (): Type =>
  (kept ??= (require('protobufjs/light') as typeof import('protobufjs/light')).Root.fromJSON(MESSAGES).lookupType(
    'Event',
  ));

/** DT_STRING of types.proto, and START of SessionLog. */
const STRING = 7;
const START = 1;

/** A checksum of data that holds checksums itself. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function recordOf(data: Uint8Array): Buffer {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(data.byteLength), 0);
  head.writeUInt32LE(masked(head.subarray(0, 8)), 8);
  const foot = Buffer.alloc(4);
  foot.writeUInt32LE(masked(data), 0);
  return Buffer.concat([head, data, foot]);
}

/** Channels by the colour type of a PNG: grey, colours, palette (of colours), grey and alpha, colours and alpha. */
const CHANNELS: Partial<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

/** Size and channels of a PNG, of its first chunk. */
function headOf(png: Uint8Array): { width: number; height: number; colorspace: number } {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20), colorspace: CHANNELS[view.getUint8(25)] ?? 3 };
}

export class EventFile {
  /** @param now seconds since 1970 */
  constructor(
    readonly file: string,
    private readonly now: () => number = () => Date.now() / 1000,
  ) {
    this.write({ fileVersion: 'brain.Event:2' });
  }

  private write(event: Record<string, unknown>): void {
    const data = eventType()
      .encode(eventType().create({ wallTime: this.now(), ...event }))
      .finish();
    appendFileSync(this.file, recordOf(data));
  }

  /** Numbers at a step, in one record. */
  scalars(values: Readonly<Record<string, number>>, step: number): void {
    const value = Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue }));
    this.write({ step, summary: { value } });
  }

  /** A text, as the text dashboard shows it: Markdown. */
  text(tag: string, text: string, step = 0): void {
    const tensor = { dtype: STRING, tensorShape: { dim: [{ size: 1 }] }, stringVal: [Buffer.from(text)] };
    const value = [{ tag, tensor, metadata: { pluginData: { pluginName: 'text' } } }];
    this.write({ step, summary: { value } });
  }

  /** A PNG. */
  image(tag: string, png: Uint8Array, step: number): void {
    const image = { ...headOf(png), encodedImageString: png };
    this.write({ step, summary: { value: [{ tag, image }] } });
  }

  /** What earlier files have from `step` on is not shown any more: a resumed run logs it again. */
  restart(step: number): void {
    this.write({ step, sessionLog: { status: START } });
  }
}
