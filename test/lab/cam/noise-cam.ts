// A class activation map that both engines compute, and its values.

import { expect } from 'vitest';
import type { PixelImage } from '../../../src';
import { Random } from '../../../src/random';
import { small } from '../small';

const random = Random.seeded(4);
/** 96 x 64 pixels of noise. */
export const noise: PixelImage = {
  data: Uint8Array.from({ length: 64 * 96 * 3 }, () => random.integer(256)),
  width: 96,
  height: 64,
  order: 'rgb',
};

/** A detector that reports boxes of any score. */
export const noiseModel = () =>
  small().classes(['car', 'person']).set({ 'model.test_cfg.rcnn.score_thr': 0 }).build({ seed: 1 });

/** Of the best detection at backbone.layer3, over its maximum; computed by libtorch. */
const EXPECTED = [
  0.215, 0.303, 0.945, 0.281, 0.748, 0.473, 0.572, 0.023, 0.196, 0.55, 0.538, 0.605, 0.203, 0.535, 0.619, 0.527, 0.39,
  0.7, 0, 0.525, 0.292, 0.008, 0.6, 1,
];

/** Checks the map of `noiseModel` at backbone.layer3. */
export function expectNoiseMap(values: Float32Array): void {
  const high = Math.max(...values);
  const shares = Array.from(values, (v) => Number((v / high).toFixed(3)));
  expect(high).toBeGreaterThan(0);
  expect(shares).toHaveLength(EXPECTED.length);
  for (const [i, v] of shares.entries()) expect(Math.abs(v - EXPECTED[i])).toBeLessThan(0.01);
}
