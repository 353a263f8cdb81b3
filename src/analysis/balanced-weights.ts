// Weights of classes by the number of their objects.

/** Weights whose mean over all objects is 1, so that a loss keeps its size; classes without objects have 1. */
export function balancedWeights(counts: readonly number[], rule: 'balanced' | 'sqrt'): number[] {
  const exponent = rule === 'balanced' ? 1 : 0.5;
  const total = counts.reduce((sum, n) => sum + n, 0);
  // sum over the objects of n^-exponent; with 'balanced' the number of classes that have any: scikit-learn's total / (classes n)
  const sum = counts.reduce((s, n) => s + (n > 0 ? n ** (1 - exponent) : 0), 0);
  return counts.map((n) => (n > 0 ? total / (n ** exponent * sum) : 1));
}
