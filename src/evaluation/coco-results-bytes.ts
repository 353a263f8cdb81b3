// Reads the entries of a COCO results file from its bytes. Compressed masks stay where they are in the file, which lies in shared
// memory, so that threads can read them; what is not as in most files is parsed entry by entry.

import { DONE, JsonCursor, OTHER, type Status } from '../data/loading/json-cursor';
import { jsonKeys } from '../data/loading/json-keys';
import { CompressedRle } from '../masks/compressed-rle';
import type { CocoDetection } from './coco-detection';

const [QUOTE, BACKSLASH, COMMA, COLON, MINUS, LOWER_U] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x75];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

const entryKey = jsonKeys(['image_id', 'category_id', 'bbox', 'score', 'segmentation']);
const maskKey = jsonKeys(['size', 'counts']);

/** What is no JSON, or must be parsed whole. */
class NotRead extends Error {}

/**
 * The entries, as `JSON.parse` gives them, with masks of compressed run lengths as `CompressedRle`.
 *
 * @param bytes with a byte 0 at `end`; strings of masks are written anew in their places, without escapes
 * @returns undefined where the text is no list of objects, or no JSON
 */
export function readResultsBytes(bytes: Buffer, end: number): CocoDetection[] | undefined {
  const cursor = new JsonCursor(bytes, end, true);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) cursor.at = 3;
  try {
    return readList(cursor);
  } catch (error) {
    if (error instanceof NotRead || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function demand(status: Status): void {
  if (status !== DONE) throw new NotRead();
}

function readList(cursor: JsonCursor): CocoDetection[] {
  const entries: CocoDetection[] = [];
  demand(cursor.over(OPEN_LIST));
  if (cursor.next() === CLOSE_LIST) cursor.at++;
  else
    for (let c = COMMA; c !== CLOSE_LIST; cursor.at++) {
      entries.push(readEntry(cursor));
      c = cursor.next();
      if (c !== COMMA && c !== CLOSE_LIST) throw new NotRead();
    }
  cursor.next();
  if (cursor.at < cursor.end) throw new NotRead();
  return entries;
}

function readEntry(cursor: JsonCursor): CocoDetection {
  const entry: CocoDetection = {
    image_id: undefined!,
    category_id: undefined!,
    bbox: undefined,
    score: undefined!,
    segmentation: undefined,
  };
  readObject(cursor, (from, to) => {
    switch (entryKey(cursor.bytes, from, to)) {
      case 'image_id':
        entry.image_id = numberOr(cursor) as number | string;
        return;
      case 'category_id':
        entry.category_id = numberOr(cursor) as number;
        return;
      case 'score':
        entry.score = numberOr(cursor) as number;
        return;
      case 'bbox':
        entry.bbox = (numbers(cursor, 4) ?? parsed(cursor)) as CocoDetection['bbox'];
        return;
      case 'segmentation':
        entry.segmentation = compressedMask(cursor) ?? (parsed(cursor) as CocoDetection['segmentation']);
        return;
      default: {
        const name = JSON.parse(cursor.bytes.toString('utf8', from - 1, to + 1)) as string;
        Object.defineProperty(entry, name, {
          value: parsed(cursor),
          configurable: true,
          enumerable: true,
          writable: true,
        });
      }
    }
  });
  return entry;
}

/** @param value reads the value of the key in [from, to), at which the cursor is */
function readObject(cursor: JsonCursor, value: (from: number, to: number) => void): void {
  demand(cursor.over(OPEN_OBJECT));
  if (cursor.next() === CLOSE_OBJECT) {
    cursor.at++;
    return;
  }
  for (let c = COMMA; c !== CLOSE_OBJECT; cursor.at++) {
    cursor.next();
    const from = cursor.at + 1;
    demand(cursor.string());
    const to = cursor.at - 1;
    demand(cursor.over(COLON));
    cursor.next();
    value(from, to);
    c = cursor.next();
    if (c !== COMMA && c !== CLOSE_OBJECT) throw new NotRead();
  }
}

/** Any value, as `JSON.parse` gives it. */
function parsed(cursor: JsonCursor): unknown {
  const from = cursor.at;
  demand(cursor.passValue());
  return JSON.parse(cursor.bytes.toString('utf8', from, cursor.at));
}

function numberOr(cursor: JsonCursor): unknown {
  const c = cursor.bytes[cursor.at];
  if (c !== MINUS && !(c >= 0x30 && c <= 0x39)) return parsed(cursor);
  demand(cursor.number());
  return cursor.value;
}

/** A list of `count` numbers; undefined, with the cursor where it was: something else. */
function numbers(cursor: JsonCursor, count: number): number[] | undefined {
  const start = cursor.at;
  const list: number[] = [];
  let status: Status = cursor.over(OPEN_LIST);
  while (status === DONE && list.length < count) {
    cursor.next();
    status = cursor.number();
    list.push(cursor.value);
    if (status === DONE) status = cursor.over(list.length < count ? COMMA : CLOSE_LIST);
  }
  if (status === DONE) return list;
  cursor.at = start;
  return undefined;
}

/** { size: [height, width], counts: '...' }; undefined, with the cursor where it was: something else. */
function compressedMask(cursor: JsonCursor): CompressedRle | undefined {
  const start = cursor.at;
  if (cursor.bytes[start] !== OPEN_OBJECT) return undefined;
  let size: number[] | undefined;
  let [first, last] = [-1, -1];
  let plain = true;
  try {
    readObject(cursor, (from, to) => {
      const key = maskKey(cursor.bytes, from, to);
      if (key === 'size') {
        size = numbers(cursor, 2);
        if (!size) throw new NotRead();
      } else if (key === 'counts') {
        first = cursor.at + 1;
        demand(passText(cursor));
        last = cursor.at - 1;
      } else plain = false;
    });
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    plain = false;
  }
  if (plain && size && first > 0)
    return new CompressedRle(size[0], size[1], cursor.bytes, first, unescaped(cursor.bytes, first, last));
  cursor.at = start;
  return undefined;
}

/** A string, whatever its escapes. */
function passText(cursor: JsonCursor): Status {
  const { bytes } = cursor;
  if (bytes[cursor.at] !== QUOTE) return OTHER;
  let at = cursor.at + 1;
  for (;;) {
    let c = bytes[at];
    while (c !== QUOTE && c !== BACKSLASH && c >= 0x20) c = bytes[++at];
    if (c === QUOTE) break;
    if (c !== BACKSLASH) return OTHER;
    at += 2;
  }
  cursor.at = at + 1;
  return DONE;
}

/** Takes the escapes out of the characters in [from, to). @returns their new end */
function unescaped(bytes: Buffer, from: number, to: number): number {
  let end = from;
  while (end < to && bytes[end] !== BACKSLASH) end++;
  for (let at = end; at < to; at++) {
    let c = bytes[at];
    if (c === BACKSLASH) {
      c = bytes[++at];
      if (c === LOWER_U) {
        const code = Number.parseInt(bytes.toString('latin1', at + 1, at + 5), 16);
        c = Math.min(code, 0xff); // no character of run lengths
        at += 4;
      } else if (c !== QUOTE && c !== BACKSLASH && c !== 0x2f) c = 0; // a tab, a line end, ..
    }
    bytes[end++] = c;
  }
  return end;
}
