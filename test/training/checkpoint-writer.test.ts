// Checkpoints are written in the background, also beyond the end of the run that has made them.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CheckpointContents } from '../../src/training/checkpoint';
import { checkpointNaming } from '../../src/training/checkpoint-naming';
import { CheckpointWriter, checkpointInWriting } from '../../src/training/checkpoint-writer';
import { workDirs } from './work-dirs';

const freshDir = workDirs();
const naming = { ...checkpointNaming(undefined, 'epoch'), keep: -1 };
const contents = (epoch: number) =>
  ({
    model: new Map(),
    optimizer: new Map(),
    state: { epoch, iteration: 0, step: 5 * epoch },
  }) as unknown as CheckpointContents;

test('a writer says whether it has finished in time, and others can wait for it', async () => {
  const root = join(freshDir(), 'checkpoints');
  const written: string[] = [];
  const writer = new CheckpointWriter(root, naming, (directory) => void written.push(directory));
  expect(checkpointInWriting(root)).toBeUndefined();
  await writer.save(contents(1));
  expect(writer.lastDirectory).toBe(join(root, 'epoch_1'));
  expect(await writer.finishedWithin(0)).toBe(false);
  expect(existsSync(join(root, 'epoch_1'))).toBe(false);
  await checkpointInWriting(root);
  expect(written).toEqual([join(root, 'epoch_1')]);
  expect(existsSync(join(root, 'epoch_1', 'manifest.json'))).toBe(true);
  expect(await writer.finishedWithin(60_000)).toBe(true);
  expect(checkpointInWriting(root)).toBeUndefined();
});

test('what a write failed with is thrown once, by whichever call comes first', async () => {
  const writer = new CheckpointWriter(join(freshDir(), 'checkpoints'), naming, () =>
    Promise.reject(new Error('disk full')),
  );
  await writer.save(contents(1));
  await expect(writer.finishedWithin(60_000)).rejects.toThrow('disk full');
  await writer.finished();
});
