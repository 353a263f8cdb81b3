// Points at which masks are compared (Kirillov et al., PointRend, CVPR 2020): the most uncertain of many at random, and some at random.

import { topIndices } from '../../ops/top-indices';
import type { Random } from '../../random';

export interface UncertainPointsCfg {
  num_points: number;
  oversample_ratio: number;
  importance_sample_ratio: number;
}

/**
 * Points of each of `count` masks, x and y in shares of the mask, flat.
 * @param logitsAt the logits of the masks at points, as many for each: [count, points]
 */
export function uncertainPoints(
  count: number,
  { num_points: wanted, oversample_ratio, importance_sample_ratio }: UncertainPointsCfg,
  random: Random,
  logitsAt: (points: Float32Array) => Float32Array,
): Float32Array {
  const many = Math.floor(wanted * oversample_ratio);
  const candidates = Float32Array.from({ length: 2 * count * many }, () => random.uniform());
  const values = logitsAt(candidates);
  const certain = Math.floor(importance_sample_ratio * wanted);
  const points = new Float32Array(2 * count * wanted);
  for (let k = 0; k < count; k++) {
    const uncertain = values.subarray(k * many, (k + 1) * many).map((v) => -Math.abs(v));
    for (const [p, i] of topIndices(uncertain, certain).entries())
      points.set(candidates.subarray(2 * (k * many + i), 2 * (k * many + i) + 2), 2 * (k * wanted + p));
  }
  for (let k = 0; k < count; k++)
    for (let p = certain; p < wanted; p++) points.set([random.uniform(), random.uniform()], 2 * (k * wanted + p));
  return points;
}
