// Attention of a caption's tokens within their own phrase: phrases end with special tokens, such as the periods between class
// names, and positions count from the start of each (Liu et al., Grounding DINO, ECCV 2024).

export interface SubSentences {
  /** [B, T, T], 1 where a token (row) reads another. */
  mask: Uint8Array;
  /** [B, T]. */
  positions: Int32Array;
}

/** @param ids [B, T] */
export function subSentences(ids: Int32Array, batch: number, separators: ReadonlySet<number>): SubSentences {
  const length = ids.length / batch;
  const mask = new Uint8Array(batch * length * length);
  const positions = new Int32Array(batch * length);
  for (let row = 0; row < batch; row++) {
    for (let i = 0; i < length; i++) mask[(row * length + i) * length + i] = 1;
    let before = 0;
    for (let column = 0; column < length; column++) {
      if (!separators.has(ids[row * length + column])) continue;
      if (column > 0 && column < length - 1)
        for (let i = before + 1; i <= column; i++) {
          mask.fill(1, (row * length + i) * length + before + 1, (row * length + i) * length + column + 1);
          positions[row * length + i] = i - before - 1;
        }
      before = column;
    }
  }
  return { mask, positions };
}
