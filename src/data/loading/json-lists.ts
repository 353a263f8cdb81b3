// Reads the lists of a JSON object, such as those of a COCO file, entry by entry as the file is read: it is never one string
// (V8's are at most 512 MB) nor one tree of objects.

import { isUtf8 } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import { DetLabError } from '../../errors';
import { DONE, INCOMPLETE, JsonCursor, OTHER, type Status } from './json-cursor';
import { parseJson } from './json-file';

/** Bytes in memory, unless an entry is longer. */
const CHUNK = 8 * 2 ** 20;
const MAX_ENTRY = 512 * 2 ** 20;

/** What receives the entries of a list. */
export interface ListReader {
  /** Reads the entry at the cursor; OTHER: it is parsed and given to `parsed`. Absent: all are. */
  read?(cursor: JsonCursor): Status;
  parsed(entry: unknown): void;
}

export interface JsonLists {
  /** The keys that are there; those whose value is no list with that value. */
  keys: Map<string, unknown>;
  /** Values NaN and Infinity, read as absent. */
  absent: number;
  encoding: 'utf8' | 'windows-1252';
}

/** The file cannot be read in this way: it is no object, in UTF-16, has a list twice, or is no JSON. */
export class NotListed extends Error {
  constructor(readonly why: string) {
    super(why);
  }
}

/** Stands for a list in `keys`. */
export const LISTED = Symbol('read as a list');

class NotUtf8 extends Error {}

/**
 * Reads a file once, its lists by `readers()`, other values only by their kind.
 *
 * @param readers made anew when the file turns out not to be UTF-8 and is read again
 * @param bytes read at a time
 * @throws NotListed where the whole file must be parsed; Node's error when it cannot be read
 */
export async function readJsonLists(
  file: string,
  readers: () => Readonly<Record<string, ListReader>>,
  bytes = CHUNK,
): Promise<JsonLists> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const chunk = Math.min(bytes, size + 1);
    try {
      return await new Reading(handle, readers(), 'utf8', chunk).run();
    } catch (error) {
      if (!(error instanceof NotUtf8)) throw error;
      return await new Reading(handle, readers(), 'windows-1252', chunk).run();
    }
  } finally {
    await handle.close();
  }
}

class Reading {
  private readonly cursor: JsonCursor;
  private position = 0;
  private checked = 0;
  private absent = 0;
  private readonly decoder: InstanceType<typeof TextDecoder>;

  constructor(
    private readonly handle: FileHandle,
    private readonly readers: Readonly<Record<string, ListReader>>,
    private readonly encoding: JsonLists['encoding'],
    chunk: number,
  ) {
    this.cursor = new JsonCursor(Buffer.allocUnsafeSlow(chunk + 1), 0, false);
    this.decoder = new TextDecoder(encoding);
  }

  async run(): Promise<JsonLists> {
    const { cursor } = this;
    const keys = new Map<string, unknown>();
    await this.fill(0);
    const [a, b] = cursor.bytes;
    if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) throw new NotListed('it is UTF-16');
    if (a === 0xef && b === 0xbb && cursor.bytes[2] === 0xbf) cursor.at = 3;
    await this.require(() => cursor.over(0x7b));
    let c = await this.peek();
    while (c !== 0x7d) {
      const key = await this.key();
      if (keys.has(key)) throw new NotListed(`it has "${key}" twice`);
      const reader = Object.hasOwn(this.readers, key) ? this.readers[key] : undefined;
      const listed = (await this.peek()) === 0x5b;
      if (reader && listed) await this.list(reader);
      const value = reader && listed ? LISTED : await this.other(reader !== undefined);
      keys.set(key, value);
      c = await this.peek();
      if (c === 0x2c) {
        cursor.at++;
        if ((await this.peek()) === 0x7d) throw this.unexpected();
      } else if (c !== 0x7d) throw this.unexpected();
    }
    cursor.at++;
    await this.peek();
    if (cursor.at < cursor.end) throw this.unexpected();
    this.checkEncoding();
    return { keys, absent: this.absent, encoding: this.encoding };
  }

  private async key(): Promise<string> {
    const { cursor } = this;
    await this.peek();
    const length = await this.require(() => cursor.string());
    const key = JSON.parse(this.text(cursor.at - length, cursor.at)) as string;
    await this.require(() => cursor.over(0x3a));
    return key;
  }

  /** A value that is no list of a reader; parsed where it will be shown. */
  private async other(parsed: boolean): Promise<unknown> {
    const { cursor } = this;
    await this.peek();
    const length = await this.require(() => cursor.passValue());
    if (!parsed) return undefined;
    return parseJson(this.text(cursor.at - length, cursor.at)).json;
  }

  private async list(reader: ListReader): Promise<void> {
    const { cursor } = this;
    cursor.at++;
    if ((await this.peek()) === 0x5d) {
      cursor.at++;
      return;
    }
    for (;;) {
      const start = cursor.at;
      let status = reader.read ? reader.read(cursor) : OTHER;
      if (status === OTHER) {
        cursor.at = start;
        const before = cursor.absent;
        status = cursor.passValue();
        cursor.absent = before;
        if (status === DONE) {
          const { json, absent } = parseJson(this.text(start, cursor.at));
          this.absent += absent;
          reader.parsed(json);
        }
      }
      if (status === INCOMPLETE) {
        cursor.at = start;
        await this.fill(start);
        continue;
      }
      if (status === OTHER) throw this.unexpected();
      const c = cursor.next() || (await this.peek());
      cursor.at++;
      if (c === 0x5d) return;
      if (c !== 0x2c) throw this.unexpected(cursor.at - 1);
      if (cursor.next() === 0) await this.peek();
    }
  }

  /** The next byte that is no space. */
  private async peek(): Promise<number> {
    const { cursor } = this;
    for (;;) {
      const c = cursor.next();
      if (c !== 0 || cursor.at < cursor.end) return c;
      if (cursor.whole) return 0;
      await this.fill(cursor.at);
    }
  }

  /** Reads by `read`, with more bytes where it needs them. @returns the number of bytes it went over */
  private async require(read: () => Status): Promise<number> {
    const { cursor } = this;
    for (;;) {
      const start = cursor.at;
      const before = cursor.absent;
      const status = read();
      if (status === DONE) {
        this.absent += cursor.absent - before;
        return cursor.at - start;
      }
      if (status === OTHER) throw this.unexpected();
      cursor.absent = before;
      cursor.at = start;
      await this.fill(start);
    }
  }

  private text(start: number, end: number): string {
    const { bytes } = this.cursor;
    return this.encoding === 'utf8'
      ? bytes.toString('utf8', start, end)
      : this.decoder.decode(bytes.subarray(start, end));
  }

  /** Reads on: what is before `from` is no longer needed. */
  private async fill(from: number): Promise<void> {
    const { cursor } = this;
    this.checkEncoding();
    const rest = cursor.end - from;
    if (rest >= cursor.bytes.length / 2) {
      if (rest > MAX_ENTRY)
        throw new DetLabError(
          `Cannot read an entry of more than ${MAX_ENTRY / 2 ** 20} MiB, at byte ${this.position - rest}`,
        );
      const larger = Buffer.allocUnsafeSlow(2 * (cursor.bytes.length - 1) + 1);
      cursor.bytes.copy(larger, 0, from, cursor.end);
      cursor.bytes = larger;
    } else cursor.bytes.copyWithin(0, from, cursor.end);
    const { bytesRead } = await this.handle.read(cursor.bytes, rest, cursor.bytes.length - 1 - rest, this.position);
    this.position += bytesRead;
    cursor.end = rest + bytesRead;
    cursor.bytes[cursor.end] = 0;
    cursor.whole = bytesRead === 0;
    cursor.at -= from;
    this.checked = 0;
  }

  /** At a place between two values, so that no character is cut. */
  private checkEncoding(): void {
    const { cursor } = this;
    if (this.encoding === 'utf8' && !isUtf8(cursor.bytes.subarray(this.checked, cursor.at))) throw new NotUtf8();
    this.checked = cursor.at;
  }

  private unexpected(at = this.cursor.at): NotListed {
    const { bytes, end } = this.cursor;
    const place = (this.position - end + at).toLocaleString('en');
    return new NotListed(
      at >= end
        ? `it ends within a value, after ${place} bytes`
        : `unexpected ${JSON.stringify(bytes.toString('latin1', at, at + 1))} at byte ${place}`,
    );
  }
}
