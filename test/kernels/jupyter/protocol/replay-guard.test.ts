// The replay guard: a signature is new once.

import { expect, it } from 'vitest';
import { createReplayGuard } from '../../../../kernels/jupyter/protocol/replay-guard';

it('forgets the oldest signatures, not the newest, and accepts unsigned messages', () => {
  const isNew = createReplayGuard(3);
  expect(['a', 'b', 'c', 'a', 'd', 'b', 'd'].map(isNew)).toEqual([true, true, true, false, true, false, false]);
  expect(isNew('a')).toBe(true);
  expect(['', ''].map(isNew)).toEqual([true, true]);
});
