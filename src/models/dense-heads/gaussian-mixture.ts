// A mixture of two normal distributions of numbers, by expectation maximisation: what scikit-learn's GaussianMixture fits to one
// column from given means, equal weights and unit precisions.

/** Added to variances; and the change of the mean log-likelihood at which it has converged. */
const REGULARIZATION = 1e-6;
const TOLERANCE = 1e-3;
const MAX_ITERATIONS = 100;
const EPSILON = 10 * 2 ** -23;

export interface MixtureFit {
  /** The likelier component of each value, 0 or 1. */
  components: Int32Array;
  /** Log-likelihood of each value. */
  scores: Float64Array;
}

interface Component {
  weight: number;
  mean: number;
  variance: number;
}

/** @param tied one variance for both */
export function gaussianMixture(
  values: ArrayLike<number>,
  means: readonly [number, number],
  tied: boolean,
): MixtureFit {
  const count = values.length;
  let parts: Component[] = means.map((mean) => ({ weight: 0.5, mean, variance: 1 }));
  let bound = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < MAX_ITERATIONS; i++) {
    const { joint, totals } = logLikelihoods(values, parts);
    const sums = joint.map((log) => log.reduce((sum, v, k) => sum + Math.exp(v - totals[k]), 0) + EPSILON);
    parts = joint.map((log, c) => {
      let mean = 0;
      for (let k = 0; k < count; k++) mean += Math.exp(log[k] - totals[k]) * values[k];
      mean /= sums[c];
      let variance = 0;
      for (let k = 0; k < count; k++) variance += Math.exp(log[k] - totals[k]) * (values[k] - mean) ** 2;
      return { weight: sums[c] / count, mean, variance: variance / sums[c] + REGULARIZATION };
    });
    if (tied) {
      const shared = parts.reduce((sum, { variance }, c) => sum + sums[c] * (variance - REGULARIZATION), 0);
      const variance = shared / (sums[0] + sums[1]) + REGULARIZATION;
      parts = parts.map((part) => ({ ...part, variance }));
    }
    const previous = bound;
    bound = totals.reduce((sum, v) => sum + v, 0) / count;
    if (Math.abs(bound - previous) < TOLERANCE) break;
  }
  const { joint, totals } = logLikelihoods(values, parts);
  return {
    components: Int32Array.from({ length: count }, (_, k) => (joint[1][k] > joint[0][k] ? 1 : 0)),
    scores: totals,
  };
}

/** Of each value: the logarithm of its density times the weight by component, and of their sum. */
function logLikelihoods(values: ArrayLike<number>, parts: readonly Component[]) {
  const joint = parts.map(({ weight, mean, variance }) =>
    Float64Array.from(
      values,
      (v) => Math.log(weight) - 0.5 * (Math.log(2 * Math.PI) + Math.log(variance) + (v - mean) ** 2 / variance),
    ),
  );
  const totals = joint[0].map((a, k) => {
    const b = joint[1][k];
    const top = Math.max(a, b);
    return top + Math.log(Math.exp(a - top) + Math.exp(b - top));
  });
  return { joint, totals };
}
