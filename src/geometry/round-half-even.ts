// Rounding as in Python and NumPy: halves go to the even neighbour, so that scaled depths and widths match MMDetection's.

/** @example [0.5, 1.5, 2.5].map(roundHalfEven) // [0, 2, 2] */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
