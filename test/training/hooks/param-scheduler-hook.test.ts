import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { TrainHook } from '../../../src/training/hooks/hook';
import { trainTiny } from '../tiny-run';

beforeAll(async () => void (await startEngine()));

test('rates move after iterations and epochs; another hook in its place leaves them', async () => {
  const rates: number[] = [];
  const options = {
    epochs: 2,
    paramScheduler: [
      { type: 'ExponentialLR', gamma: 0.5, by_epoch: false },
      { type: 'StepLR', step_size: 1, gamma: 0.1 },
    ],
    callbacks: { onStep: ({ lr }: { lr: number }) => void rates.push(lr) },
  };
  await trainTiny(options);
  const expected = Array.from({ length: 10 }, (_, i) => 0.05 * 0.5 ** i * (i < 5 ? 1 : 0.1));
  for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(expected[i], 12);
  rates.length = 0;
  const idle: TrainHook = { name: 'Idle', priority: 70 };
  await trainTiny({ ...options, defaultHooks: { param_scheduler: idle } });
  expect(new Set(rates)).toEqual(new Set([0.05]));
});
