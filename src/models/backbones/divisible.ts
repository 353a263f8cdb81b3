// Channels of scaled networks.

/** The nearest multiple of 8, at least 8 and not below 90% of `value`. */
export function divisible(value: number): number {
  const rounded = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return rounded < 0.9 * value ? rounded + 8 : rounded;
}
