// Reads an annotation of a COCO file from its bytes into the columns of a table. What is not as in COCO's own files (ids that
// are strings, angles, run lengths, a box without extent, ...) is left to the reader of parsed annotations.

import { DONE, INCOMPLETE, type JsonCursor, OTHER, type Status } from '../../loading/json-cursor';
import { jsonKeys } from '../../loading/json-keys';
import { type AnnotationSink, CHUNK_MASK, CROWD, GROUP, IGNORE, NO_AREA, POLYGONS } from './annotation-chunk';
import { MAX_COORDINATE } from './fields';

const [QUOTE, COMMA, COLON, LETTER_N, LETTER_T, LETTER_F] = [0x22, 0x2c, 0x3a, 0x6e, 0x74, 0x66];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Longer integers are no ids of 53 bits. */
const MAX_INTEGER = 1e15;

const KEYS = ['id', 'image_id', 'category_id', 'bbox', 'area', 'iscrowd', 'ignore', 'segmentation'] as const;
type Key = (typeof KEYS)[number];
/** Keys that say more than the columns hold. */
const OTHERS = ['rotation', 'attributes', 'segments_info', 'is_group_of', 'isgroupof', 'IsGroupOf'] as const;

const keyOf = jsonKeys([...KEYS, ...OTHERS]);

/** Fields that an annotation has to have. */
const REQUIRED = 1 | 2 | 4 | 8;

/** @returns a reader of one entry, which is complete in the table or not there */
export function readAnnotationBytes(table: AnnotationSink): (cursor: JsonCursor) => Status {
  const reader = new AnnotationReader(table);
  return (cursor) => reader.read(cursor);
}

class AnnotationReader {
  private readonly values = { id: 0, image: 0, category: 0, area: 0, flags: 0, from: 0, to: 0 };
  private readonly box = new Float64Array(4);

  constructor(private readonly table: AnnotationSink) {}

  private field(cursor: JsonCursor, key: string): Status {
    const { values, box } = this;
    let status: Status;
    switch (key) {
      case 'id':
        status = integerLike(cursor);
        values.id = cursor.value;
        return status;
      case 'image_id':
        status = integerLike(cursor);
        values.image = cursor.value;
        return status;
      case 'category_id':
        status = integerLike(cursor);
        values.category = cursor.value;
        return status;
      case 'bbox':
        return readBox(cursor, box);
      case 'area':
        if (cursor.next() === LETTER_N) return OTHER;
        status = cursor.number();
        values.area = cursor.value;
        values.flags &= ~NO_AREA;
        return status;
      case 'iscrowd':
        return this.flag(cursor, CROWD);
      case 'ignore':
        return this.flag(cursor, IGNORE);
      case 'is_group_of':
      case 'isgroupof':
      case 'IsGroupOf':
        // the first of them that is not null counts
        return values.flags & GROUP ? OTHER : this.flag(cursor, GROUP);
      case 'segmentation': {
        cursor.next();
        values.from = cursor.at;
        status = readPolygons(cursor);
        if (cursor.at - values.from > 2 && status === DONE) values.flags |= POLYGONS;
        values.to = cursor.at;
        return status;
      }
      case 'attributes': {
        cursor.next();
        const from = cursor.at;
        status = cursor.passValue();
        return status === DONE && cursor.bytes.subarray(from, cursor.at).includes('rotation') ? OTHER : status;
      }
      default:
        return OTHER;
    }
  }

  private flag(cursor: JsonCursor, bit: number): Status {
    const { values } = this;
    const c = cursor.next();
    let set: boolean;
    if (c === LETTER_T || c === LETTER_F) {
      const status = cursor.passValue();
      if (status !== DONE) return status;
      set = c === LETTER_T;
    } else {
      const status = cursor.number();
      if (status !== DONE) return status;
      set = cursor.value !== 0;
    }
    values.flags = set ? values.flags | bit : values.flags & ~bit;
    return DONE;
  }

  private store(cursor: JsonCursor): void {
    const { table, values, box } = this;
    const chunk = table.open();
    const row = table.length & CHUNK_MASK;
    chunk.ids[row] = values.id;
    chunk.images[row] = values.image;
    chunk.categories[row] = values.category;
    chunk.areas[row] = values.area;
    chunk.flags[row] = values.flags;
    for (let k = 0; k < 4; k++) chunk.boxes[4 * row + k] = box[k];
    if (values.flags & POLYGONS) {
      const { from, to } = values;
      chunk.setOutline(row, table.texts.add(cursor.bytes, from, to), to - from);
    }
    table.length++;
  }

  read(cursor: JsonCursor): Status {
    const { values, box } = this;
    if (cursor.next() !== OPEN_OBJECT) return missing(cursor);
    cursor.at++;
    values.flags = NO_AREA;
    const absent = cursor.absent;
    let found = 0;
    for (;;) {
      if (cursor.next() !== QUOTE) return missing(cursor);
      const from = cursor.at + 1;
      let status = cursor.string();
      if (status !== DONE) return status;
      const to = cursor.at - 1;
      status = cursor.over(COLON);
      if (status !== DONE) return status;
      const key = keyOf(cursor.bytes, from, to);
      status = key === undefined ? cursor.passValue() : this.field(cursor, key);
      if (status !== DONE) return status;
      if (key !== undefined) {
        const bit = 1 << KEYS.indexOf(key as Key);
        if (found & bit) return OTHER; // a key twice
        found |= bit;
      }
      const c = cursor.next();
      if (c !== COMMA && c !== CLOSE_OBJECT) return missing(cursor);
      cursor.at++;
      if (c === CLOSE_OBJECT) break;
    }
    if ((found & REQUIRED) !== REQUIRED || cursor.absent !== absent) return OTHER;
    if (values.flags & POLYGONS && (box[2] < 1 || box[3] < 1)) return OTHER;
    this.store(cursor);
    return DONE;
  }
}

function integerLike(cursor: JsonCursor): Status {
  cursor.next();
  const status = cursor.number();
  return status === DONE && Math.abs(cursor.value) >= MAX_INTEGER ? OTHER : status;
}

const missing = ({ at, end, whole }: JsonCursor): Status => (at >= end && !whole ? INCOMPLETE : OTHER);

/** A list of four numbers of pixels. */
function readBox(cursor: JsonCursor, box: Float64Array): Status {
  let status = cursor.over(OPEN_LIST);
  for (let k = 0; k < 4 && status === DONE; k++) {
    cursor.next();
    status = cursor.number();
    box[k] = cursor.value;
    if (status === DONE && !(Math.abs(box[k]) <= MAX_COORDINATE)) return OTHER;
    if (status === DONE) status = cursor.over(k < 3 ? COMMA : CLOSE_LIST);
  }
  return status;
}

/** A list of polygons, all of them usable; or an empty list. */
function readPolygons(cursor: JsonCursor): Status {
  const start = cursor.at;
  let status = cursor.over(OPEN_LIST);
  if (status !== DONE) return status;
  if (cursor.next() === CLOSE_LIST) {
    cursor.at++;
    return cursor.at - start === 2 ? DONE : OTHER;
  }
  for (;;) {
    status = cursor.over(OPEN_LIST);
    let count = 0;
    for (let c = COMMA; status === DONE && c === COMMA; count++) {
      cursor.next();
      status = cursor.number();
      if (status !== DONE) return status;
      if (!(Math.abs(cursor.value) <= MAX_COORDINATE)) return OTHER;
      c = cursor.next();
      if (c !== COMMA && c !== CLOSE_LIST) return missing(cursor);
      cursor.at++;
    }
    if (status !== DONE) return status;
    if (count < 6 || count % 2 !== 0) return OTHER;
    const c = cursor.next();
    if (c !== COMMA && c !== CLOSE_LIST) return missing(cursor);
    cursor.at++;
    if (c === CLOSE_LIST) return DONE;
  }
}
