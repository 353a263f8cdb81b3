// Names of checkpoints: files of the working directory, then those that come with the package.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { detector, startEngine } from '../../src';
import { readWeights } from '../../src/checkpoints';
import { loadConfig } from '../../src/config';
import { weightsFile } from '../../src/lab/weights-file';
import { decodeTensor } from '../../src/nn/stored-tensor';
import { packageRoot } from '../../src/paths';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-weights-'));
const cwd = process.cwd();
afterEach(() => process.chdir(cwd));
afterAll(() => rmSync(folder, { recursive: true }));

const NAME = 'toytown://resnet18-w32_toytown';
const FILE = 'resnet18-w32_toytown.safetensors';

test('weights of the package are found from anywhere, by a relative path; those of the working directory come first', () => {
  process.chdir(path.join(packageRoot, 'notebooks'));
  expect(weightsFile(NAME)).toBe(path.join('..', 'weights', FILE));
  process.chdir(folder);
  const shipped = weightsFile(NAME)!;
  expect([path.isAbsolute(shipped), path.resolve(shipped)]).toEqual([false, path.join(packageRoot, 'weights', FILE)]);
  mkdirSync('weights');
  writeFileSync(path.join('weights', FILE), '');
  expect(weightsFile(NAME)).toBe(path.join('weights', FILE));
  expect(weightsFile('torchvision://resnet18')).toBeUndefined();
});

test("the tour's config starts from the shipped backbone", async () => {
  await startEngine();
  const name = 'faster-rcnn_r18-w32-pre_fpn_toytown';
  const { config } = loadConfig(name);
  expect(config).toMatchObject({ model: { backbone: { init_cfg: { type: 'Pretrained', checkpoint: NAME } } } });
  const model = await detector(name).build({ seed: 1 });
  const { tensors } = readWeights(weightsFile(NAME)!);
  const state = model.detector.stateDict();
  const backbone = [...state.keys()].filter((key) => key.startsWith('backbone.'));
  expect([...tensors.keys()].map((key) => `backbone.${key}`).sort()).toEqual(backbone.sort());
  for (const key of ['conv1.weight', 'layer3.1.bn2.running_var'])
    expect(state.get(`backbone.${key}`)!.data).toEqual(decodeTensor(tensors.get(key)!, key, FILE).data);
  model.dispose();
});
