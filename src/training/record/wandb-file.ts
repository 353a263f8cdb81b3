// The file of an offline run of Weights & Biases, `run-ID.wandb`, which `wandb sync` uploads: a head, then a log of LevelDB's format
// (blocks of 32 KB, a CRC-32 and a kind for each fragment) with Record messages of protobuf, after wandb's wandb_internal.proto.

import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Type } from 'protobufjs/light';

const optional = (id: number, type: string) => ({ id, type });
const repeated = (id: number, type: string) => ({ id, type, rule: 'repeated' });
const message = (fields: Record<string, { id: number; type: string; rule?: string }>) => ({ fields });
const items = { update: repeated(1, 'Item') };

const MESSAGES = {
  nested: {
    Record: message({
      num: optional(1, 'int64'),
      history: optional(2, 'History'),
      summary: optional(3, 'Items'),
      files: optional(6, 'Files'),
      metric: optional(12, 'Metric'),
      run: optional(17, 'Run'),
      exit: optional(18, 'Exit'),
      header: optional(21, 'Header'),
    }),
    Item: message({ key: optional(1, 'string'), nestedKey: repeated(2, 'string'), valueJson: optional(16, 'string') }),
    Items: message(items),
    History: message({ item: repeated(1, 'Item'), step: optional(2, 'Step') }),
    Step: message({ num: optional(1, 'int64') }),
    Files: message({ files: repeated(1, 'FilesItem') }),
    FilesItem: message({ path: optional(1, 'string'), policy: optional(2, 'int32'), type: optional(3, 'int32') }),
    Metric: message({
      name: optional(1, 'string'),
      globName: optional(2, 'string'),
      stepMetric: optional(4, 'string'),
      options: optional(6, 'MetricOptions'),
      summary: optional(7, 'MetricSummary'),
    }),
    MetricOptions: message({
      stepSync: optional(1, 'bool'),
      hidden: optional(2, 'bool'),
      defined: optional(3, 'bool'),
    }),
    MetricSummary: message({
      min: optional(1, 'bool'),
      max: optional(2, 'bool'),
      mean: optional(3, 'bool'),
      last: optional(5, 'bool'),
      none: optional(6, 'bool'),
      copy: optional(7, 'bool'),
      first: optional(8, 'bool'),
    }),
    Run: message({
      runId: optional(1, 'string'),
      entity: optional(2, 'string'),
      project: optional(3, 'string'),
      config: optional(4, 'Items'),
      runGroup: optional(6, 'string'),
      jobType: optional(7, 'string'),
      displayName: optional(8, 'string'),
      notes: optional(9, 'string'),
      tags: repeated(10, 'string'),
      host: optional(13, 'string'),
      startTime: optional(17, 'Time'),
    }),
    Time: message({ seconds: optional(1, 'int64'), nanos: optional(2, 'int32') }),
    Exit: message({ exitCode: optional(1, 'int32'), runtime: optional(2, 'int32') }),
    Header: message({ versionInfo: optional(1, 'Version') }),
    Version: message({ producer: optional(1, 'string'), minConsumer: optional(2, 'string') }),
  },
};

let kept: Type | undefined;
/** The message Record; protobufjs is loaded for the first one. */
const recordType = (): Type =>
  (kept ??= (require('protobufjs/light') as typeof import('protobufjs/light')).Root.fromJSON(MESSAGES).lookupType(
    'Record',
  ));

/** `:W&B`, wandb's number, and the version of the layout; part of the first block. */
const HEAD = Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0]);
const BLOCK = 32_768;
/** CRC-32, length and kind of a fragment. */
const FRAGMENT = 7;
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4];

/** A record as wandb names its parts, in camel case. */
export type WandbRecord = { [part: string]: unknown };

/** A record and where the next one begins. */
interface Placed {
  record: WandbRecord;
  end: number;
}

/** Cuts data into fragments that end with their blocks. */
function fragmented(data: Uint8Array, from: number): Buffer {
  const parts: Uint8Array[] = [];
  let at = from;
  for (let done = 0, isFirst = true; isFirst || done < data.length; isFirst = false) {
    let left = BLOCK - (at % BLOCK);
    if (left < FRAGMENT) {
      parts.push(new Uint8Array(left));
      at += left;
      left = BLOCK;
    }
    const piece = data.subarray(done, done + left - FRAGMENT);
    done += piece.length;
    const isLast = done === data.length;
    const kind = isFirst ? (isLast ? FULL : FIRST) : isLast ? LAST : MIDDLE;
    const head = Buffer.alloc(FRAGMENT);
    head.writeUInt16LE(piece.length, 4);
    head.writeUInt8(kind, 6);
    head.writeUInt32LE(crc32(piece, crc32(head.subarray(6))), 0);
    parts.push(head, piece);
    at += FRAGMENT + piece.length;
  }
  return Buffer.concat(parts);
}

/** The whole records of a file, up to the first that a killed process did not finish. */
function* placedRecords(bytes: Buffer): Generator<Placed> {
  let pieces: Buffer[] = [];
  for (let at = HEAD.length; at + FRAGMENT <= bytes.length; ) {
    const left = BLOCK - (at % BLOCK);
    if (left < FRAGMENT) {
      at += left;
      continue;
    }
    const data = bytes.subarray(at + FRAGMENT, at + FRAGMENT + bytes.readUInt16LE(at + 4));
    const kind = bytes.readUInt8(at + 6);
    const isWhole = data.length === bytes.readUInt16LE(at + 4);
    if (!isWhole || crc32(data, crc32(bytes.subarray(at + 6, at + FRAGMENT))) !== bytes.readUInt32LE(at)) return;
    at += FRAGMENT + data.length;
    pieces.push(data);
    if (kind !== FULL && kind !== LAST) continue;
    const decoded = recordType().decode(Buffer.concat(pieces));
    yield { record: recordType().toObject(decoded, { longs: Number }), end: at };
    pieces = [];
  }
}

/** The records of a file; none where it is not of wandb. */
export function readWandbRecords(file: string): WandbRecord[] {
  const bytes = readFileSync(file);
  return bytes.subarray(0, HEAD.length).equals(HEAD) ? [...placedRecords(bytes)].map(({ record }) => record) : [];
}

export class WandbFile {
  private size: number;
  private count = 0;

  /** Begins a file, or goes on where one ends. */
  constructor(readonly file: string) {
    if (!existsSync(file)) writeFileSync(file, HEAD);
    else this.count = readWandbRecords(file).length;
    this.size = statSync(file).size;
  }

  write(record: WandbRecord): void {
    const data = recordType()
      .encode(recordType().fromObject({ num: ++this.count, ...record }))
      .finish();
    const bytes = fragmented(data, this.size);
    appendFileSync(this.file, bytes);
    this.size += bytes.length;
  }

  /** Removes all records from the first on of which this is true, and what was not finished. */
  cutFrom(isLater: (record: WandbRecord) => boolean): void {
    const bytes = readFileSync(this.file);
    let [end, count] = [HEAD.length, 0];
    for (const placed of placedRecords(bytes)) {
      if (isLater(placed.record)) break;
      end = placed.end;
      count++;
    }
    truncateSync(this.file, end);
    Object.assign(this, { size: end, count });
  }
}
