// Decoded images in memory that all threads of a loader share, up to a number of bytes. Each image comes once an epoch, so one
// that was dropped for a newer one would be dropped just before its next use: the first images that fit are kept, none is replaced.

import { createHash } from 'node:crypto';
import { takePixels } from '../pixels/pixel-pool';
import type { PixelImage } from '../types';

/** What threads share. */
export interface ImageCacheMemory {
  /** Pixels, one image after the other. */
  blocks: SharedArrayBuffer[];
  /** Bytes used of each block, in units of `UNIT`. */
  used: Int32Array;
  /** Entries of `FIELDS` numbers, found by their hash. */
  entries: Int32Array;
}

const BLOCK = 2 ** 28;
const UNIT = 64;
/** State, hash (4), block, place, width, height, width and height of the file. */
const FIELDS = 11;
const [STATE, HASH, PLACE, SIZE] = [0, 1, 5, 7];
const [EMPTY, WRITING, READY] = [0, 1, 2];
const MAX_PROBES = 64;

/** @param images at most, with all their variants; memory is only taken as images come */
export function imageCacheMemory(bytes: number, images: number): ImageCacheMemory {
  const sizes = Array.from({ length: Math.ceil(bytes / BLOCK) }, (_, i) => Math.min(BLOCK, bytes - i * BLOCK));
  const capacity = 2 ** Math.ceil(Math.log2(2 * images + 64));
  const shared = (count: number) => new Int32Array(new SharedArrayBuffer(4 * count));
  return {
    blocks: sizes.map((size) => new SharedArrayBuffer(size)),
    used: shared(sizes.length),
    entries: shared(capacity * FIELDS),
  };
}

export class ImageCache {
  private readonly capacity: number;

  constructor(private readonly memory: ImageCacheMemory) {
    this.capacity = memory.entries.length / FIELDS;
  }

  /** A copy of the image kept by this name. */
  get(name: string): PixelImage | undefined {
    const { entries, blocks } = this.memory;
    const at = this.find(hashOf(name));
    if (at === undefined || Atomics.load(entries, at + STATE) !== READY) return undefined;
    const [block, place] = [entries[at + PLACE], entries[at + PLACE + 1]];
    const [width, height, fullWidth, fullHeight] = entries.subarray(at + SIZE, at + SIZE + 4);
    const data = takePixels(3 * width * height);
    data.set(new Uint8Array(blocks[block], place * UNIT, data.length));
    const full = fullWidth === width && fullHeight === height ? undefined : { width: fullWidth, height: fullHeight };
    return { data, width, height, order: 'rgb', ...(full && { full }) };
  }

  /** Keeps a copy, if there is room. */
  put(name: string, { data, width, height, full = { width, height } }: PixelImage): void {
    const { entries, blocks } = this.memory;
    const hash = hashOf(name);
    const at = this.find(hash);
    if (at === undefined || Atomics.load(entries, at + STATE) !== EMPTY) return;
    const room = this.allocate(data.length);
    if (!room) return;
    // the room is lost if another thread was first: it decoded the same image at the same time
    if (Atomics.compareExchange(entries, at + STATE, EMPTY, WRITING) !== EMPTY) return;
    new Uint8Array(blocks[room.block], room.place * UNIT, data.length).set(data);
    entries.set(hash, at + HASH);
    entries.set([room.block, room.place, width, height, full.width, full.height], at + PLACE);
    Atomics.store(entries, at + STATE, READY);
  }

  /** Bytes that images take. */
  get bytes(): number {
    return UNIT * this.memory.used.reduce((sum, units) => sum + units, 0);
  }

  private allocate(length: number): { block: number; place: number } | undefined {
    const { blocks, used } = this.memory;
    const units = Math.ceil(length / UNIT);
    for (let block = 0; block < blocks.length; block++) {
      for (;;) {
        const place = Atomics.load(used, block);
        if ((place + units) * UNIT > blocks[block].byteLength) break;
        if (Atomics.compareExchange(used, block, place, place + units) === place) return { block, place };
      }
    }
    return undefined;
  }

  /** The entry of a hash, or the empty one where it would be. */
  private find(hash: Int32Array): number | undefined {
    const { entries } = this.memory;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const at = ((hash[0] + probe) & (this.capacity - 1)) * FIELDS;
      const state = Atomics.load(entries, at + STATE);
      if (state === EMPTY) return at;
      if (state === READY && hash.every((value, i) => entries[at + HASH + i] === value)) return at;
    }
    return undefined;
  }
}

/** 128 bits of the name. */
function hashOf(name: string): Int32Array {
  const bytes = createHash('sha1').update(name).digest();
  return Int32Array.from({ length: 4 }, (_, i) => bytes.readInt32LE(4 * i));
}
