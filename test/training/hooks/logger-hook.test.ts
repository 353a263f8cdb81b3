import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { LoggerHook } from '../../../src/training/hooks/logger-hook';
import { registry } from '../registry';
import { trainTiny as run } from '../tiny-run';

beforeAll(async () => void (await startEngine()));

test('losses are averaged over the window, the learning rate is the current one', async () => {
  const losses: number[] = [];
  const { result } = await run({
    logInterval: 5,
    logWindow: 3,
    epochs: 1,
    callbacks: { onStep: (event) => void losses.push(event.scalars.loss) },
  });
  const last = result.history.train.at(-1)!;
  expect(last.loss).toBeCloseTo((losses[2] + losses[3] + losses[4]) / 3, 6);
  expect(last.lr).toBeCloseTo(0.05, 9);
});

test.each([
  ['every so many iterations of an epoch', 2, [2, 4, 7, 9]],
  ['once an epoch that is shorter', 50, [5, 10]],
])('a line %s', async (_, logInterval, expected) => {
  const { result } = await run({ epochs: 2, logInterval });
  expect(result.history.train.map(({ step }) => step)).toEqual(expected);
});

test('an evaluation is recorded before its line; one that was interrupted is not', async () => {
  const order: string[] = [];
  const stop = new AbortController();
  const { result } = await run({
    epochs: 2,
    signal: stop.signal,
    evaluate: async ({ epoch }) => {
      if (epoch === 2) stop.abort();
      return { AP: epoch / 4 };
    },
    callbacks: { onRecord: (_, record) => void ('AP' in record && order.push('record')) },
    log: (line) => void (line.startsWith('Epoch(val)') && order.push(line)),
  });
  expect(order).toEqual(['record', 'Epoch(val)  [1]  AP: 0.2500']);
  expect(result.history.evaluations).toEqual([{ AP: 0.25, time: expect.any(Number), step: 1 }]);
});

test('a config sets its interval', () => {
  const hook = registry.build('hook', { type: 'LoggerHook', interval: 7 }, { path: 'default_hooks.logger' });
  expect(hook).toEqual(new LoggerHook(7));
});
