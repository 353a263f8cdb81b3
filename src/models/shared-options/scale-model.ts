// MMYOLO's scaling of a model: channels by a width factor to multiples of 8, blocks by a depth factor.

import { roundHalfEven } from '../../geometry/round-half-even';

/** Smallest multiple of `divisor` that is at least `channels * factor`. */
export const makeDivisible = (channels: number, factor = 1, divisor = 8): number =>
  Math.ceil((channels * factor) / divisor) * divisor;

/** `blocks * factor` rounded (halves to even, as Python does), at least 1; a single block stays. */
export function makeRound(blocks: number, factor = 1): number {
  return blocks <= 1 ? blocks : Math.max(roundHalfEven(blocks * factor), 1);
}

/** `channels * factor`, rounded down. */
export const scaled = (channels: number, factor: number): number => Math.floor(channels * factor);
