// `.save('x.py')` of recipes and models: the files are those that MMDetection has built, of which the golden file has the
// parameters; they read back to the same config.

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { detector, Model, register, startEngine } from '../../src';
import { type ConfigObject, loadConfig } from '../../src/config';
import { valueAt } from '../../src/lab/config-access';
import { saveConfig } from '../../src/lab/save-config';
import { goldenJson } from '../golden-data';
import { savedRecipes } from './saved-recipes';
import { scaledNeck } from './scaled-neck';
import { small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-saved-'));
beforeAll(() => startEngine());
afterAll(() => rmSync(folder, { recursive: true }));

/** The lines of a Python config that set the model. */
const modelIn = (file: string) => /^model = dict\(\n.*?^\)\n/ms.exec(readFileSync(file, 'utf8'))![0];
const sha = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);
const golden = goldenJson<Record<string, { model: string; parameters: number; state: string }>>('saved_configs');

describe('the saved config, built by MMDetection, is the model', () => {
  test('of every recipe', () => expect(Object.keys(golden).sort()).toEqual(Object.keys(savedRecipes).sort()));

  test.each(Object.entries(savedRecipes))('%s', async (name, recipe) => {
    const file = await recipe().save(join(process.env.SAVED_CONFIGS ?? folder, `${name}.py`));
    expect(sha(modelIn(file))).toBe(golden[name]?.model);
    // built of the file again, without any inference left to do
    const { parameters, state } = (await detector(file).summary()).summary;
    expect(parameters).toBe(golden[name].parameters);
    expect(sha(JSON.stringify(state.map((entry) => [entry.name, entry.shape])))).toBe(golden[name].state);
  });
});

test('model.config has what was inferred, and builds the same model', async () => {
  const model = await small().neck({ type: 'PAFPN', out_channels: 24 }).classes(['a', 'b']).build();
  const at = (path: string) => valueAt(model.config, `model.${path}`);
  expect(at('neck')).toMatchObject({ type: 'PAFPN', in_channels: [8, 16, 32, 64], out_channels: 24, num_outs: 5 });
  expect([at('rpn_head.in_channels'), at('roi_head.bbox_head.in_channels')]).toEqual([24, 24]);
  expect([at('roi_head.bbox_head.num_classes'), at('rpn_head.num_classes')]).toEqual([2, undefined]);
  for (const extension of ['json', 'ts', 'py']) {
    const file = model.save(join(folder, `small.${extension}`));
    const { config } = loadConfig(file);
    expect(config.model).toEqual(model.config.model);
    const classes = valueAt(config, 'train_dataloader.dataset.metainfo.classes');
    expect(classes).toEqual(['a', 'b']);
    const read = await detector(file).build();
    expect([read.parameters, read.classes]).toEqual([model.parameters, ['a', 'b']]);
    read.dispose();
  }
  // weights as ever, with the whole config inside
  const weights = model.save(join(folder, 'small.safetensors'));
  const loaded = await Model.load(weights);
  expect(loaded.config).toEqual(model.config);
  loaded.dispose();
  model.dispose();
  expect(existsSync(weights)).toBe(true);
  expect(() => model.save(join(folder, 'small.safetensors'))).toThrow(/its weights were freed/);
  expect(existsSync(model.save(join(folder, 'freed.py')))).toBe(true);
});

test('what MMDetection has not is left out or named, with a line', async () => {
  const lines: string[] = [];
  const error = vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
  register(scaledNeck);
  try {
    const recipe = small().set({ 'train_dataloader.dataset.absent_classes': 'note' });
    const file = await recipe.save(join(folder, 'dropped.py'));
    expect(readFileSync(file, 'utf8')).not.toMatch(/absent_classes/);
    await recipe.save(join(folder, 'kept.ts'));
    expect(readFileSync(join(folder, 'kept.ts'), 'utf8')).toMatch(/absent_classes: 'note'/);
    await small()
      .neck({ type: 'ScaledNeck', gain: 2 } as never)
      .save(join(folder, 'scaled.py'));
  } finally {
    error.mockRestore();
  }
  expect(lines).toEqual([
    'dropped.py: left out, options that MMDetection does not have: train_dataloader.dataset.absent_classes',
    'scaled.py: MMDetection has no ScaledNeck (model.neck): it builds the file once modules of these names are registered there',
  ]);
});

test('the classes of the model go into its datasets, but for those on text', () => {
  const type = (name: string, more = {}) => ({ type: name, ...more });
  const metainfo = { classes: ['a', 'b'] };
  const saved = (config: ConfigObject) => {
    const file = saveConfig(config, join(folder, 'texts.ts'), metainfo.classes);
    return (part: string) => valueAt(loadConfig(file).config, `${part}_dataloader.dataset`);
  };
  const joined = ['ODVGDataset', 'mmdet.Flickr30kDataset', 'MDETRStyleRefCocoDataset', 'RefCocoDataset', 'DODDataset'];
  const config = {
    train_dataloader: { dataset: type('ConcatDataset', { datasets: [...joined, 'CocoDataset'].map((name) => type(name)) }) },
    val_dataloader: { dataset: type('CocoDataset', { return_classes: true }) },
  };
  const plain = saved(config);
  expect(plain('train')).toEqual(
    type('ConcatDataset', { datasets: [...joined.map((name) => type(name)), type('CocoDataset', { metainfo })] }),
  );
  expect(plain('val')).toEqual(type('CocoDataset', { return_classes: true, metainfo }));
  // a detector on text is evaluated on the names of the data
  const grounded = saved({ ...config, model: { type: 'GLIP', language_model: type('BertModel') } });
  expect(grounded('val')).toEqual(type('CocoDataset', { return_classes: true }));
});

test('another extension is refused with those that work', async () => {
  await expect(small().save('x.yaml')).rejects.toThrow(/expected an extension of \.py, \.json, \.ts, received \.yaml/);
  expect(() => saveConfig({}, 'x')).toThrow(/received none/);
});
