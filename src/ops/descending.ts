// The order of scores: largest first, equal ones by index, NaN last, so that a score that is no number never comes before one.

/**
 * A comparator of indices into `values`.
 *
 * @example [0, 1, 2].sort(descending([Number.NaN, 1, 2])) // [2, 1, 0]
 */
export const descending =
  (values: ArrayLike<number>) =>
  (i: number, j: number): number =>
    values[j] - values[i] || nanLast(values[i], values[j]) || i - j;

/** Also reached by equal values and by two infinities, whose difference is NaN. */
const nanLast = (a: number, b: number): number => Number(Number.isNaN(a)) - Number(Number.isNaN(b));
