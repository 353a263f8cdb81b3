import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { CheckpointHook, CheckpointOptions } from '../../../src/training/hooks/checkpoint-hook';
import { registry } from '../registry';
import { type TinyRun, trainTiny } from '../tiny-run';
import { workDirs } from '../work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

async function saved(checkpoint: CheckpointOptions, options: TinyRun = {}): Promise<string[]> {
  const workDir = freshDir();
  await trainTiny({ workDir, checkpoint, ...options });
  return readdirSync(join(workDir, 'checkpoints')).filter((name) => name !== 'last_checkpoint');
}

describe('checkpoints are written', () => {
  test.each<[string, CheckpointOptions, string[]]>([
    ['after every epoch', {}, ['epoch_1', 'epoch_2', 'epoch_3']],
    ['after every second epoch, and the last', { interval: 2 }, ['epoch_2', 'epoch_3']],
    ['inside epochs too', { interval: 3, everyIterations: 4 }, ['epoch_3', 'iter_12', 'iter_4', 'iter_8']],
    // the iteration that is due ends an epoch
    ['at the end of epochs by iterations', { interval: 3, everyIterations: 5 }, ['epoch_1', 'epoch_2', 'epoch_3']],
    ['and the newest kept', { maxKeep: 2 }, ['epoch_2', 'epoch_3']],
  ])('%s', async (_, options, expected) => {
    expect((await saved(options)).sort()).toEqual(expected);
  });

  test('once more where a run is interrupted, and not twice for one step', async () => {
    for (const [at, expected] of [
      [7, ['epoch_1', 'iter_7']],
      [10, ['epoch_1', 'epoch_2']],
    ] as const) {
      const stop = new AbortController();
      const callbacks: TinyRun['callbacks'] = { onStep: ({ step }) => void (step === at && stop.abort()) };
      expect((await saved({}, { signal: stop.signal, callbacks })).sort()).toEqual(expected);
    }
  });
});

test('the best model is the first with the largest metric', async () => {
  const values = [0.3, 0.5, 0.5];
  const workDir = freshDir();
  const saves: string[] = [];
  await trainTiny({
    workDir,
    checkpoint: { saveBest: 'AP' },
    evaluate: async ({ epoch }) => ({ AP: values[epoch - 1] }),
    callbacks: { onCheckpoint: (directory) => void saves.push(directory.slice(directory.lastIndexOf('/') + 1)) },
  });
  expect(saves).toEqual(['epoch_1', 'best', 'epoch_2', 'best', 'epoch_3']);
  expect(JSON.parse(readFileSync(join(workDir, 'checkpoints/best/state.json'), 'utf8')).epoch).toBe(2);
});

test('by rule, the best is the smallest, and a metric that no evaluation has is an error', async () => {
  const values = [0.5, 0.3, 0.3];
  const saves: string[] = [];
  const run = (checkpoint: CheckpointOptions) =>
    trainTiny({
      workDir: freshDir(),
      checkpoint,
      evaluate: async ({ epoch }) => ({ error: values[epoch - 1] }),
      callbacks: { onCheckpoint: (directory) => void saves.push(directory.slice(directory.lastIndexOf('/') + 1)) },
    });
  await run({ saveBest: 'error', rule: 'less' });
  expect(saves).toEqual(['epoch_1', 'best', 'epoch_2', 'best', 'epoch_3']);
  saves.length = 0;
  await run({ saveBest: 'auto' });
  expect(saves).toEqual(['epoch_1', 'best', 'epoch_2', 'epoch_3']);
  await expect(run({ saveBest: 'eror' })).rejects.toThrow(/no such metric. Did you mean "error"\? It has error$/);
});

test('save_begin and save_last decide which epochs are saved', async () => {
  const saved = async (checkpoint: CheckpointOptions) => {
    const saves: string[] = [];
    await trainTiny({
      workDir: freshDir(),
      checkpoint: { maxKeep: -1, ...checkpoint },
      callbacks: { onCheckpoint: (directory) => void saves.push(directory.slice(directory.lastIndexOf('/') + 1)) },
    });
    return saves;
  };
  expect(await saved({ saveBegin: 2 })).toEqual(['epoch_2', 'epoch_3']);
  expect(await saved({ interval: 2 })).toEqual(['epoch_2', 'epoch_3']);
  expect(await saved({ interval: 2, saveLast: false })).toEqual(['epoch_2']);
});

test.each<[object, CheckpointOptions]>([
  [{}, { interval: 1, maxKeep: 1 }],
  [
    { interval: 3, max_keep_ckpts: -1, save_best: 'auto' },
    { interval: 3, maxKeep: -1, saveBest: 'auto' },
  ],
  [
    { interval: 500, by_epoch: false },
    { interval: Number.POSITIVE_INFINITY, everyIterations: 500, maxKeep: 1 },
  ],
  [
    { interval: -1, save_last: false },
    { interval: Number.POSITIVE_INFINITY, maxKeep: 1, saveLast: false },
  ],
  [{ save_begin: 4 }, { interval: 1, maxKeep: 1, saveBegin: 4 }],
  [
    { save_best: 'coco/loss', rule: 'less' },
    { interval: 1, maxKeep: 1, saveBest: 'coco/loss', rule: 'less' },
  ],
  [
    { save_best: 'coco/loss', less_keys: ['loss'] },
    { interval: 1, maxKeep: 1, saveBest: 'coco/loss', rule: 'less' },
  ],
  [{ save_best: ['pascal_voc/mAP', 'coco/bbox_mAP'] }, { interval: 1, maxKeep: 1, saveBest: 'pascal_voc/mAP' }],
])('a config sets its options: %j', (config, expected) => {
  const hook = registry.build('hook', { type: 'CheckpointHook', ...config }, { path: 'default_hooks.checkpoint' });
  expect((hook as CheckpointHook).options).toEqual(expected);
});
