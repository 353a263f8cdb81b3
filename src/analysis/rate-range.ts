// The numbers of a learning-rate range test (Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017; arXiv 2015):
// smoothed losses and the rates that they suggest.

/** Exponential rise from `from` to `to`, both included. */
export const risingRates = (from: number, to: number, steps: number): number[] =>
  Array.from({ length: steps }, (_, i) => from * (to / from) ** (i / Math.max(1, steps - 1)));

/** Exponential moving average without its bias towards the start: s_i = (1 - b) sum_k b^(i-k) l_k / (1 - b^(i+1)). */
export function smoothedLosses(losses: readonly number[], beta: number): number[] {
  let average = 0;
  return losses.map((loss, i) => {
    average = beta * average + (1 - beta) * loss;
    return average / (1 - beta ** (i + 1));
  });
}

/** What a range test suggests; undefined where the loss never falls. */
export interface SuggestedRates {
  /** Where the smoothed loss falls fastest per decade of the rate. */
  steepest: number;
  /** Where the smoothed loss is lowest: too high to train with. */
  minimum: number;
  /** A tenth of it. */
  minimumOverTen: number;
}

/**
 * @param skip points at the start, where the average is of few losses
 * @example suggestRates(rates, smoothedLosses(losses, 0.9))?.steepest
 */
export function suggestRates(
  rates: readonly number[],
  smoothed: readonly number[],
  skip = Math.min(10, Math.floor(rates.length / 10)),
): SuggestedRates | undefined {
  let lowest = skip;
  for (let i = skip; i < smoothed.length; i++) if (smoothed[i] < smoothed[lowest]) lowest = i;
  const x = rates.map(Math.log10);
  const slope = (i: number) => {
    const [a, b] = [Math.max(0, i - 1), Math.min(smoothed.length - 1, i + 1)];
    return (smoothed[b] - smoothed[a]) / (x[b] - x[a]);
  };
  let steepest = -1;
  for (let i = skip; i <= lowest; i++) if (slope(i) < (steepest < 0 ? 0 : slope(steepest))) steepest = i;
  if (steepest < 0) return undefined;
  return { steepest: rates[steepest], minimum: rates[lowest], minimumOverTen: rates[lowest] / 10 };
}
