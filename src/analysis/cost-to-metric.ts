// What it has cost to reach a metric: seconds and joules of a run up to the evaluation that first reached it.

export interface CostedEvaluation {
  metrics: Readonly<Record<string, number>>;
  /** Of the run so far. */
  seconds?: number;
  joules?: number;
}

/** The highest value that every run has reached; undefined where one has none above 0. */
export function reachedByAll(runs: readonly (readonly CostedEvaluation[])[], metric: string): number | undefined {
  const best = runs.map((evaluations) => Math.max(-1, ...evaluations.map(({ metrics }) => metrics[metric] ?? -1)));
  const lowest = Math.min(...best);
  return runs.length > 0 && lowest > 0 ? lowest : undefined;
}

/** Seconds or joules up to the first evaluation of at least `value`; undefined where it was never reached or not measured. */
export function costTo(
  evaluations: readonly CostedEvaluation[],
  metric: string,
  value: number,
  cost: 'seconds' | 'joules',
): number | undefined {
  return evaluations.find(({ metrics }) => (metrics[metric] ?? -1) >= value)?.[cost];
}
