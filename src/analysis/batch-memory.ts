// How many images fit into memory: bytes grow by the same amount with each image, so two measurements say what a third needs.

export interface BatchMemory {
  /** Images; 0: what is there without a step, which says how much one image takes until there are two measurements. */
  batch: number;
  /** The most that was in use during a training step. */
  bytes: number;
}

/** Bytes of what does not depend on the batch, and of each image: the most that one more image has taken. */
export function memoryPerImage(measured: readonly BatchMemory[]): { fixed: number; perImage: number } {
  const images = measured.filter(({ batch }) => batch > 0);
  const sorted = [...(images.length > 1 ? images : measured)].sort((a, b) => a.batch - b.batch);
  const last = sorted[sorted.length - 1];
  if (sorted.length === 1) return { fixed: 0, perImage: last.bytes / last.batch };
  const slopes = sorted.slice(1).map(({ batch, bytes }, i) => (bytes - sorted[i].bytes) / (batch - sorted[i].batch));
  // a small one may hide below what all batches need
  const perImage = Math.max(...slopes, last.bytes / last.batch / 16);
  return { fixed: Math.max(0, last.bytes - last.batch * perImage), perImage };
}

/**
 * The next batch size to try: at most twice the largest that fitted, and expected to fit; undefined when the largest is found.
 * @param most never more than this
 */
export function nextBatch(measured: readonly BatchMemory[], budget: number, most: number): number | undefined {
  if (measured.length === 0) return 1;
  const largest = Math.max(0, ...measured.filter(({ bytes }) => bytes <= budget).map(({ batch }) => batch));
  const tooLarge = Math.min(...measured.filter(({ bytes }) => bytes > budget).map(({ batch }) => batch));
  const { fixed, perImage } = memoryPerImage(measured);
  const fitting = Math.floor((budget - fixed) / perImage);
  const next = Math.min(2 * largest, fitting, most, tooLarge - 1);
  return next > largest ? next : undefined;
}
