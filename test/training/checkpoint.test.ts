import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSafetensors } from '../../src/checkpoints/safetensors-file';
import type { StateDict } from '../../src/nn/module';
import { findCheckpoint, readCheckpoint, type TrainingState, writeCheckpoint } from '../../src/training/checkpoint';

const folder = mkdtempSync(join(tmpdir(), 'detlab-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const contents = (epoch: number, iteration = 0) => {
  const tensor = (v: number): StateDict =>
    new Map([['w', { shape: [2], dtype: 'float32', data: Float32Array.of(v, -v) }]]);
  const state: TrainingState = {
    version: 1,
    epoch,
    iteration,
    step: epoch * 10 + iteration,
    batchesPerEpoch: 10,
    seed: 1,
    precision: 'float32',
    random: [1, 2, 3, 4],
    schedule: { steps: [], lr: [0.1] },
    optimizer: { inner: 0 },
    smoothing: [],
    history: { train: [], evaluations: [] },
    meta: { classes: ['a', '<b>'] },
  };
  return { model: tensor(epoch + 0.5), optimizer: tensor(iteration), state };
};

async function three(name: string): Promise<string> {
  const root = join(folder, name);
  await writeCheckpoint(root, contents(1));
  await writeCheckpoint(root, contents(1, 5));
  await writeCheckpoint(root, contents(2));
  return root;
}

test('a checkpoint is read back as it was written; the model file alone tells its classes', async () => {
  const root = await three('round');
  const { checkpoint, problems } = findCheckpoint(root);
  expect(problems).toEqual([]);
  expect(checkpoint).toEqual({ directory: join(root, 'epoch_2'), ...contents(2) });
  expect(JSON.parse(readSafetensors(join(root, 'epoch_2/model.safetensors')).metadata.detlab).classes).toEqual([
    'a',
    '<b>',
  ]);
  expect(findCheckpoint(join(folder, 'absent'))).toEqual({ problems: [] });
});

test("only as many as asked for are kept; a second one of a name takes the first one's place", async () => {
  const root = await three('keep');
  await writeCheckpoint(root, contents(3), { keep: 2 });
  await writeCheckpoint(root, contents(3), { keep: 2 });
  expect(readdirSync(root).sort()).toEqual(['epoch_2', 'epoch_3', 'last_checkpoint']);
});

test.each([
  [
    'cut short',
    (d: string) => truncateSync(join(d, 'model.safetensors'), 20),
    /model.safetensors has 20 bytes, \d+ were written/,
  ],
  [
    'changed',
    (d: string) => {
      const file = join(d, 'optimizer.safetensors');
      const bytes = readFileSync(file);
      bytes[bytes.length - 1] ^= 1;
      writeFileSync(file, bytes);
    },
    /optimizer.safetensors is not what was written/,
  ],
  ['missing', (d: string) => rmSync(join(d, 'state.json')), /state.json: ENOENT/],
  ['without a manifest', (d: string) => writeFileSync(join(d, 'manifest.json'), '{"mod'), /manifest.json is no JSON/],
])('a checkpoint %s is named and the one before it is used', async (name, damage, message) => {
  const root = await three(name);
  damage(join(root, 'epoch_2'));
  expect(() => readCheckpoint(join(root, 'epoch_2'))).toThrow(message);
  const { checkpoint, problems } = findCheckpoint(root);
  expect(checkpoint!.directory).toBe(join(root, 'iter_15'));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(message);
});

test('what a killed writer left behind is never taken for a checkpoint, and goes with the next one', async () => {
  const root = await three('left');
  cpSync(join(root, 'epoch_2'), join(root, '.writing-epoch_3-1'), { recursive: true });
  rmSync(join(root, 'last_checkpoint'));
  expect(findCheckpoint(root).checkpoint!.directory).toBe(join(root, 'epoch_2'));
  writeFileSync(join(root, 'last_checkpoint'), 'epoch_9\n');
  const { checkpoint, problems } = findCheckpoint(root);
  expect(checkpoint!.directory).toBe(join(root, 'epoch_2'));
  expect(problems[0]).toMatch(/epoch_9/);
  await writeCheckpoint(root, contents(3));
  expect(existsSync(join(root, '.writing-epoch_3-1'))).toBe(false);
});
