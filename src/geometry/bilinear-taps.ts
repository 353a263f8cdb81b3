// Where cv2.resize(INTER_LINEAR) reads along one axis: the source index before every target pixel, and the weights of it and
// of the next, as fractions and in 11-bit fixed point.

import { roundHalfEven } from './round-half-even';

/** One in fixed point. */
export const FIXED_ONE = 2048;

export interface BilinearTaps {
  from: Int32Array;
  /** Two of each target pixel. */
  weights: Int32Array;
  fractions: Float32Array;
}

/** @param clampWeights OpenCV's x axis, not its y axis */
export function bilinearTaps(source: number, target: number, clampWeights: boolean): BilinearTaps {
  const step = 1 / (target / source);
  const from = new Int32Array(target);
  const weights = new Int32Array(target * 2);
  const fractions = new Float32Array(target);
  for (let i = 0; i < target; i++) {
    const centre = Math.fround((i + 0.5) * step - 0.5);
    let at = Math.floor(centre);
    let fraction = Math.fround(centre - at);
    if (clampWeights && at < 0) [at, fraction] = [0, 0];
    if (clampWeights && at >= source - 1) [at, fraction] = [source - 1, 0];
    from[i] = at;
    fractions[i] = fraction;
    weights[2 * i] = roundHalfEven(Math.fround(1 - fraction) * FIXED_ONE);
    weights[2 * i + 1] = roundHalfEven(fraction * FIXED_ONE);
  }
  return { from, weights, fractions };
}
