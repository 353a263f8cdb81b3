// A non-local block before training.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { NonLocal2d } from '../../src/nn';
import { Random } from '../../src/random';

beforeAll(async () => void (await startEngine()));

test('a non-local block starts as the identity', () => {
  const layer = new NonLocal2d({ inChannels: 64, normCfg: { type: 'BN' } });
  layer.initWeights(Random.seeded(0));
  const state = layer.stateDict();
  expect(state.get('conv_out.bn.weight')!.data.every((v) => v === 0)).toBe(true);
  const theta = state.get('theta.conv.weight')!.data as Float32Array;
  const std = Math.sqrt(theta.reduce((sum, v) => sum + v * v, 0) / theta.length);
  expect(std).toBeGreaterThan(0.009);
  expect(std).toBeLessThan(0.011);
  layer.dispose();
});
