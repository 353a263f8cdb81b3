// Millions of short texts in blocks of shared memory. A text is found by its place, a number, and its length.

const BLOCK = 2 ** 22;

export class TextBlocks {
  readonly blocks: Uint8Array[] = [];
  private used = BLOCK;

  /** Keeps bytes[start] to bytes[end]. @returns their place */
  add(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    let block = this.blocks.at(-1);
    if (!block || this.used + length > block.length) {
      block = new Uint8Array(new SharedArrayBuffer(Math.max(BLOCK, length)));
      this.blocks.push(block);
      this.used = 0;
    }
    block.set(bytes.subarray(start, end), this.used);
    this.used += length;
    return (this.blocks.length - 1) * 2 ** 32 + this.used - length;
  }

  /** Takes the blocks of others, whose places stay as they were. */
  restore(blocks: readonly Uint8Array[]): void {
    this.blocks.splice(0, this.blocks.length, ...blocks);
    this.used = blocks.at(-1)?.length ?? BLOCK;
  }
}

/** The text of `length` bytes at a place of `TextBlocks`. */
export function textAt(blocks: readonly Uint8Array[], place: number, length: number): string {
  const { buffer } = blocks[Math.floor(place / 2 ** 32)];
  return Buffer.from(buffer, place % 2 ** 32, length).toString('utf8');
}

/** The first byte of a text. */
export const byteAt = (blocks: readonly Uint8Array[], place: number): number =>
  blocks[Math.floor(place / 2 ** 32)][place % 2 ** 32];
