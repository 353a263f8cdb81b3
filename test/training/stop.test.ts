import { expect, test } from 'vitest';
import { stopOf, wayOn } from '../../src/training/stop';

const EPOCHS = {
  type: 'EpochBasedTrainLoop',
  unit: 'epoch',
  total: 12,
  evaluation: { begin: 1, interval: 1 },
} as const;
const ITERATIONS = { ...EPOCHS, type: 'IterBasedTrainLoop', unit: 'iteration', total: 900 } as const;

test('where a run was stopped, as its loop counts', () => {
  const where = (loop: typeof EPOCHS | typeof ITERATIONS, epoch: number, iteration: number, step: number) =>
    stopOf(loop, 120, { epoch, iteration, step }).where;
  expect(where(EPOCHS, 1, 37, 157)).toBe('stopped in epoch 2 of 12, after 37 of its 120 iterations');
  expect(where(EPOCHS, 2, 0, 240)).toBe('stopped after epoch 2 of 12');
  expect(where(EPOCHS, 0, 0, 0)).toBe('stopped before the first iteration');
  expect(where(ITERATIONS, 1, 37, 157)).toBe('stopped after iteration 157 of 900');
});

test('what is kept, and the words that go on', () => {
  const at = { epoch: 1, iteration: 0, step: 120 };
  expect(wayOn(stopOf(EPOCHS, 120, at, 'runs/x/checkpoints/epoch_1'))).toBe(
    'kept: run.model and runs/x/checkpoints/epoch_1; go on with fit(..., { resume: true }), on the command line --resume',
  );
  expect(wayOn(stopOf(EPOCHS, 120, at))).toMatch(/in memory alone.*no checkpoint/);
});
