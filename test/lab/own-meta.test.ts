// The config that a weights file holds: DetLab's own, or the Python text of a checkpoint of MMDetection.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Model, readWeights } from '../../src';
import { writeTorchFile } from '../../src/checkpoints/write-torch-file';
import { ownMeta } from '../../src/lab/own-meta';
import { encodeState } from '../../src/nn/stored-tensor';
import { small } from './small';

const root = mkdtempSync(join(tmpdir(), 'detlab-own-'));
const classes = ['car', 'person', 'light'];
const file = join(root, 'epoch_12.pth');
let model: Model;
let text: string;

beforeAll(async () => {
  model = await small().neck({ type: 'PAFPN' }).classes(classes).build({ seed: 4 });
  text = readFileSync(model.save(join(root, 'config.py')), 'utf8');
});
afterAll(() => {
  model.dispose();
  rmSync(root, { recursive: true, force: true });
});

const write = (meta: object) => writeTorchFile(file, encodeState(model.detector.stateDict()), { meta: meta as never });
const image = { data: new Uint8Array(3 * 96 * 64).map((_, i) => (i * 7) % 251), width: 96, height: 64 };

test.each([
  ['mmengine', () => ({ cfg: text, epoch: 12, dataset_meta: { classes } })],
  ['mmcv', () => ({ config: text, CLASSES: classes })],
])('a checkpoint of %s is a model by itself', async (_, meta) => {
  write(meta());
  const loaded = await Model.load(file);
  expect([loaded.name, loaded.classes]).toEqual(['epoch_12', classes]);
  const [found, expected] = [await loaded.predict(image), await model.predict(image)];
  expect(expected.length).toBeGreaterThan(3);
  expect(found.map((p) => ({ ...p }))).toEqual(expected.map((p) => ({ ...p })));
  loaded.dispose();
});

test('what a checkpoint imports is not executed, and said', () => {
  const lines: string[] = [];
  const imports = `${text}\ncustom_imports = dict(imports=['./evil.ts'], allow_failed_imports=False)\n`;
  write({ cfg: imports, dataset_meta: { classes } });
  expect(ownMeta(readWeights(file), (line) => lines.push(line))?.config).not.toHaveProperty('custom_imports');
  expect(lines).toContain(
    'custom_imports of the config in epoch_12.pth is not followed: a checkpoint executes nothing',
  );
});

test.each([
  ['no classes', () => ({ cfg: text }), /it has a config, but no names of classes\. Use detector\(config\)\.classes/],
  [
    'code',
    () => ({ cfg: 'import os\nos.system("touch x")', dataset_meta: { classes } }),
    /the config in epoch_12\.pth.*Give another config/s,
  ],
  ['nothing', () => ({ epoch: 12 }), 'it has tensors but no config'],
])('%s', async (_, meta, message) => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  write(meta());
  await expect(Model.load(file)).rejects.toThrow(message);
  await expect(Model.load(file)).rejects.not.toThrow(tmpdir().concat('/detlab-config'));
  vi.restoreAllMocks();
});
