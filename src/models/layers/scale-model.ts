// MMYOLO's scaling of a model: channels by a width factor to multiples of 8, blocks by a depth factor.

/** Smallest multiple of `divisor` that is at least `channels * factor`. */
export const makeDivisible = (channels: number, factor = 1, divisor = 8): number =>
  Math.ceil((channels * factor) / divisor) * divisor;

/** `blocks * factor` rounded (halves to even, as Python does), at least 1; a single block stays. */
export function makeRound(blocks: number, factor = 1): number {
  if (blocks <= 1) return blocks;
  const value = blocks * factor;
  const low = Math.floor(value);
  const rest = value - low;
  const rounded = rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
  return Math.max(rounded, 1);
}
