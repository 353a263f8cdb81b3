// Rounding as in Python and NumPy: halves go to the even neighbour, so that scaled depths and widths match MMDetection's.

/** The sum of it and a number below LIMIT has no bits for a fraction: it is rounded, half to even, as all arithmetic is. */
const TO_WHOLE = 1.5 * 2 ** 52;
const LIMIT = 2 ** 51;

/** @example [0.5, 1.5, 2.5].map(roundHalfEven) // [0, 2, 2] */
export function roundHalfEven(x: number): number {
  if (Math.abs(x) < LIMIT) return x + TO_WHOLE - TO_WHOLE;
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
