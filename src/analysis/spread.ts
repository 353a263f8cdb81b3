// Mean and spread of a number over several runs.

export interface Spread {
  mean: number;
  /** Standard deviation of a sample (n - 1); NaN of a single value. */
  deviation: number;
  /** Values that are numbers; what is not measured (-1) is left out. */
  count: number;
}

export function spreadOf(values: readonly (number | undefined)[]): Spread {
  const known = values.filter((value): value is number => value !== undefined && value >= 0);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = known.length < 2 ? Number.NaN : Math.sqrt(squares / (known.length - 1));
  return { mean: known.length === 0 ? -1 : mean, deviation, count: known.length };
}
