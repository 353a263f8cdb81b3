import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { EpochStart } from '../../../src/models/types';
import { registry } from '../registry';
import { tinyDetector } from '../tiny-detector';
import { trainTiny } from '../tiny-run';

const modeSwitch = (options: object = {}) =>
  registry.build('hook', { type: 'YOLOXModeSwitchHook', ...options }, { path: 'custom_hooks.0' });

beforeAll(async () => void (await startEngine()));

test.each([
  [15, 300, 284],
  [0, 2, 1],
  [5, 3, 0],
])('the last %i of %i epochs begin with one before them', (last, epochs, from) => {
  const change = modeSwitch({ num_last_epochs: last }).pipelineChange!(epochs);
  expect(change).toEqual({ kind: 'skip', from, types: ['Mosaic', 'RandomAffine', 'MixUp'] });
});

test('the model hears of every epoch, and that the last ones are closing', async () => {
  const detector = tinyDetector();
  const heard: EpochStart[] = [];
  Object.assign(detector, {
    onEpoch(start: EpochStart) {
      heard.push(start);
      return start.closing ? ['loss_l1 added'] : [];
    },
  });
  const lines: string[] = [];
  const hooks = [modeSwitch({ num_last_epochs: 0, skip_type_keys: ['Mosaic'] })];
  await trainTiny({ detector, hooks, log: (line) => void lines.push(line) });
  expect(heard).toEqual([
    { epoch: 0, closing: false },
    { epoch: 1, closing: false },
    { epoch: 2, closing: true },
  ]);
  expect(lines.filter((line) => line.startsWith('epoch'))).toEqual([
    'epoch 3: Mosaic left out',
    'epoch 3: loss_l1 added',
  ]);
});
