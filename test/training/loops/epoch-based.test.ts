import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { EpochBasedTrainLoop } from '../../../src/training/loops/epoch-based';
import { registry } from '../registry';
import { tinyLoader } from '../tiny-detector';
import { trainTiny } from '../tiny-run';

beforeAll(async () => void (await startEngine()));

test('every epoch has its batches, each once', async () => {
  const asked: string[] = [];
  const inner = tinyLoader(3);
  const loader = {
    length: 3,
    epoch: (epoch: number, options: { start: number }) => {
      asked.push(`${epoch} from ${options.start}`);
      return inner.epoch(epoch, options);
    },
  };
  const seen: string[] = [];
  const onStep = ({ epoch, iteration }: { epoch: number; iteration: number }) =>
    void seen.push(`${epoch}.${iteration}`);
  const { result } = await trainTiny({ epochs: 2, loader, callbacks: { onStep } });
  expect(asked).toEqual(['0 from 0', '1 from 0']);
  expect(seen).toEqual(['1.1', '1.2', '1.3', '2.1', '2.2', '2.3']);
  expect(result).toMatchObject({ epoch: 2, step: 6, interrupted: false });
});

test('a config sets its length and evaluations', () => {
  const config = { type: 'EpochBasedTrainLoop', max_epochs: 300, val_interval: 10, dynamic_intervals: [[285, 1]] };
  const loop = registry.build('loop', config, { path: 'train_cfg' });
  expect(loop).toEqual(new EpochBasedTrainLoop(300, { begin: 1, interval: 10, dynamicIntervals: [[285, 1]] }));
  expect(() => registry.build('loop', { ...config, max_iters: 5 }, { path: 'train_cfg' })).toThrow(/max_iters/);
});
