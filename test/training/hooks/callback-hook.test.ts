import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { trainTiny } from '../tiny-run';
import { workDirs } from '../work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

test('functions are called with what happens, in its order, and awaited', async () => {
  const events: string[] = [];
  const later = async (event: string) => {
    await new Promise((resolve) => setImmediate(resolve));
    events.push(event);
  };
  await trainTiny({
    epochs: 1,
    logInterval: 5,
    workDir: freshDir(),
    evaluate: async () => ({ AP: 0.5 }),
    log: (line) => void events.push(line.split('  ')[0]),
    callbacks: {
      onStart: (history, { epoch, step, maxSteps }) =>
        later(`start ${history.train.length} ${epoch} ${step} ${maxSteps}`),
      onStep: ({ epoch, iteration, step, maxEpochs, maxSteps, unit }) =>
        later(`step ${[epoch, iteration, step, maxEpochs, maxSteps, unit].join(' ')}`),
      onRecord: (history, record) =>
        later(`record ${history.train.length + history.evaluations.length} ${record.step}`),
    },
  });
  expect(events.slice(1)).toEqual([
    'start 0 0 0 5',
    ...[1, 2, 3, 4, 5].map((i) => `step 1 ${i} ${i} 1 5 epoch`),
    'Epoch(train)',
    'record 1 5',
    'record 2 1',
    'Epoch(val)',
  ]);
});
