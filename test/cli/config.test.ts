// `detlab config`: print, diff, explain and migrate.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { type ConfigObject, cloneConfig, loadConfig, readConfigFile } from '../../src/config';
import { scratch } from '../config/scratch';
import { detlab } from './detlab';

const files = {
  'base.py': "model = dict(type='A', neck=dict(type='FPN', num_outs=5))\nscales = [(1, 2), 1.0]\n",
  'child.py': "_base_ = './base.py'\nmodel = dict(neck=dict(num_outs=6))\n",
  'bad.py': 'a = b\n',
  'old.py': "optimizer = dict(type='SGD', lr=0.1)\ntotal_epochs = 2\n",
  'parent.json': '{\n  "a": {\n    "b": 1\n  }\n}',
  'child.ts': "export default {\n  _base_: './parent.json',\n  a: {\n    b: 2,\n  },\n};\n",
};

test('print --json: a line a file, and a bad file does not stop the others', async () => {
  const folder = scratch(files);
  const names = ['bad.py', 'child.py', 'gone.py', 'base.py'].map((name) => path.join(folder, name));
  const { code, out, lines } = await detlab('config', 'print', '--json', ...names, '--cfg-options', 'model.lr=1.0');
  expect(code).toBe(2);
  const [bad, child, gone, base] = lines();
  expect(bad).toMatchObject({ file: names[0], error: expect.stringMatching(/bad.py:1:5: name "b" is not defined/) });
  expect(child.config.model).toEqual({ type: 'A', neck: { type: 'FPN', num_outs: 6 }, lr: 1 });
  expect(out).toContain('"scales": [[1, 2], 1.0]');
  expect(gone.error).toMatch(/no such file/);
  expect(base.file).toBe(names[3]);
});

test('print --py and --ts read back to the same values', async () => {
  const folder = scratch(files);
  const child = path.join(folder, 'child.py');
  for (const extension of ['py', 'ts']) {
    const { code, out } = await detlab('config', 'print', `--${extension}`, child);
    expect(code).toBe(0);
    const printed = path.join(folder, `printed.${extension}`);
    writeFileSync(printed, out);
    expect(readConfigFile(printed).config).toEqual(readConfigFile(child).config);
  }
  expect((await detlab('config', 'print', child)).out).toBe(
    "model = dict(type='A', neck=dict(type='FPN', num_outs=6))\nscales = [(1, 2), 1.0]\n",
  );
});

test('a package root is given on the command line', async () => {
  const folder = scratch({ ...files, 'mine.py': "_base_ = 'mmdet::sub/x.py'", 'configs/sub/x.py': 'a = 1' });
  const mine = path.join(folder, 'mine.py');
  expect((await detlab('config', 'print', mine)).err).toMatch(
    /there is no config "mmdet::sub\/x.py"|config folder of the package "mmdet" .* is unknown/,
  );
  const told = await detlab(
    'config',
    'print',
    '--json',
    mine,
    '--config-root',
    `mmdet=${path.join(folder, 'configs')}`,
  );
  expect(told.lines()).toEqual([{ file: mine, config: { a: 1 } }]);
});

test('diff names the paths that differ', async () => {
  const folder = scratch(files);
  const { out } = await detlab('config', 'diff', path.join(folder, 'base.py'), path.join(folder, 'child.py'));
  expect(out).toBe('- model.neck.num_outs = 5\n+ model.neck.num_outs = 6\n');
});

test('explain tells file and line, and what was overridden', async () => {
  const folder = scratch(files);
  const explain = async (file: string, at: string) =>
    (await detlab('config', 'explain', path.join(folder, file), at, '--json')).lines()[0];
  expect(await explain('child.py', 'model.neck.num_outs')).toMatchObject({
    value: 6,
    set: { file: path.join(folder, 'child.py'), line: 2 },
    overrode: [{ file: path.join(folder, 'base.py'), line: 1, value: 5 }],
  });
  expect(await explain('child.ts', 'a.b')).toMatchObject({
    value: 2,
    set: { file: path.join(folder, 'child.ts'), line: 4 },
    overrode: [{ file: path.join(folder, 'parent.json'), line: 3, value: 1 }],
  });
  // at the top of a file, and in a list
  const runtime = (await detlab('config', 'explain', 'retinanet_r50_fpn_amp-1x_coco', 'optim_wrapper')).out;
  expect(runtime).toMatch(
    /set in {7}.*schedule_1x.ts:\d+\n {2}merged with .*type = "AmpOptimWrapper" \(.*amp-1x_coco.ts:5\)/s,
  );
  expect((await detlab('config', 'explain', 'dino-4scale_r50_8xb2-24e_coco', 'param_scheduler')).out).toMatch(
    /set in .*dino-4scale_r50_8xb2-24e_coco.ts:7\n {2}overrides .*-12e_coco.ts:/,
  );
  expect((await detlab('config', 'explain', path.join(folder, 'child.py'), 'model.nek')).err).toMatch(
    /there is no "nek" under model. Did you mean "neck"/,
  );
});

test('migrate writes a config of 3.x and tells what became what', async () => {
  const folder = scratch(files);
  const target = path.join(folder, 'new.ts');
  const { code, out } = await detlab('config', 'migrate', path.join(folder, 'old.py'), '-o', target);
  expect(code).toBe(0);
  expect(out).toContain('optimizer -> optim_wrapper.optimizer');
  expect(readFileSync(target, 'utf8')).toContain("optimizer: { type: 'SGD', lr: 0.1 }");
  expect(readConfigFile(target).config.train_cfg).toEqual({
    type: 'EpochBasedTrainLoop',
    max_epochs: 2,
    val_interval: 1,
  });
});

const tree = path.join(__dirname, '../golden/old-configs/2.x/birds/retinanet_r18_fpn_24e_birds.py');

test('migrate merges the bases, and says so; what it writes is of 3.x', async () => {
  const target = path.join(scratch({}), 'new.py');
  const { code, out } = await detlab('config', 'migrate', tree, '-o', target);
  expect(code).toBe(0);
  expect(out).toMatch(/: MMDetection 2.x -> 3.x\n {2}\S/);
  expect(out).toContain('5 files -> one file without _base_, base configs merged');
  expect(out).not.toMatch(/Not translated/);
  expect(out).not.toMatch(/Unknown type names and invalid options/);
  expect(out).toContain('TensorboardLoggerHook -> visualizer.vis_backends (TensorboardVisBackend)');
  expect(readFileSync(target, 'utf8')).toContain('scale=[(1333, 640), (1333, 800)]');
  expect((await detlab('config', 'migrate', target)).err).toMatch(/is a config of MMDetection 3.x\n/);
});

test('migrate tells what it could not translate, and what DetLab has not', async () => {
  const folder = scratch({
    'a.py': "model = dict(type='RetinaNet', pretrained=None, neck=dict(type='FPNN'))\nlr_config = dict(policy='inv')\n",
  });
  const file = path.join(folder, 'a.py');
  const { code, out, err } = await detlab('config', 'migrate', file);
  expect(code).toBe(0);
  expect(out).toMatch(/^import { defineConfig }/);
  expect(err).toMatch(/Not translated, to be changed by hand:\n {2}lr_config.policy: inv has no counterpart/);
  expect(err).toMatch(/Unknown type names and invalid options:.*model.neck: unknown neck "FPNN". Did you mean "FPN"/s);
  const lines = (await detlab('config', 'migrate', file, '--json')).lines();
  expect(lines.map(({ event }) => event)).toEqual([
    'change',
    'change',
    'left',
    ...lines.filter(({ event }) => event === 'problem').map(() => 'problem'),
    'config',
  ]);
});

test('migrate refuses targets that it must not or cannot write', async () => {
  for (const [target, reason] of [
    [tree, /is part of the config being translated/],
    ['new.yaml', /expected the extension .ts, .json or .py/],
    ['nowhere/at/all/new.ts', /folder .*nowhere.* does not exist/],
  ] as const) {
    const { code, err } = await detlab('config', 'migrate', tree, '-o', target);
    expect(code).toBe(2);
    expect(err).toMatch(reason);
  }
});

test('check lists what is not there and what is wrong, file by file', async () => {
  const folder = scratch(files);
  const child = path.join(folder, 'child.py');
  const right = await detlab('config', 'check', 'faster-rcnn_r50_fpn_1x_coco');
  expect([right.code, right.out]).toEqual([0, 'faster-rcnn_r50_fpn_1x_coco: all type names and options are valid\n']);
  const { code, out } = await detlab('config', 'check', child, path.join(folder, 'bad.py'));
  expect(code).toBe(2);
  expect(out).toContain(`${child}:\n  1 unknown type name\n    model: unknown detector "A".`);
  expect(out).toContain('1 invalid option\n    model.neck.out_channels: missing; expected int > 0');
  expect(out).toMatch(/bad.py: cannot be read\n.*name "b" is not defined/);
  expect(out).toMatch(/\n0 of 2 configs are valid\n$/);
  const [json] = (await detlab('config', 'check', child, '--json')).lines();
  expect(json).toMatchObject({ event: 'checked', file: child, problems: [{ path: 'model' }, {}] });
});

test('check takes a config of 2.x in the words of 3.x', async () => {
  const { out, err } = await detlab('config', 'check', tree);
  expect(err).toMatch(/a config of MMDetection 2.x, translated to 3.x for the check/);
  expect(out).toMatch(/: all type names and options are valid\n {2}1 setting without effect\n.*loss_scale/);
  const folder = scratch({ 'a.py': "lr_config = dict(policy='inv')" });
  expect((await detlab('config', 'check', path.join(folder, 'a.py'))).out).toMatch(
    /1 invalid option\n\s+lr_config.policy: not translated: inv has no counterpart/,
  );
});

test('check: what keeps a config from doing what it says is exit code 2, what makes no difference is named', async () => {
  const { config } = loadConfig('faster-rcnn_r50_fpn_1x_coco');
  const check = async (change: (config: ConfigObject) => void, ...more: string[]) => {
    const changed = cloneConfig(config);
    change(changed);
    const file = path.join(scratch({ 'a.json': JSON.stringify(changed) }), 'a.json');
    return detlab('config', 'check', file, ...more);
  };
  const lost = await check((given) => {
    (given.val_dataloader as ConfigObject).drop_last = true;
    given.launcher = 'pytorch';
  });
  expect(lost.code).toBe(2);
  expect(lost.out).toMatch(
    /\n {2}1 setting that a run does not act on\n {4}val_dataloader.drop_last: [^\n]*\n {2}1 setting without effect\n {4}launcher: "pytorch"/,
  );
  const harmless = await check((given) => {
    given.launcher = 'pytorch';
  });
  expect([harmless.code, harmless.out]).toEqual([
    0,
    expect.stringMatching(/: all type names and options are valid\n {2}1 setting without effect\n {4}launcher: /),
  ]);
  const misspelt = await check((given) => {
    (given.train_dataloader as ConfigObject).batchsize = 2;
    given.train_dataloder = { batch_size: 4 };
  });
  expect(misspelt.code).toBe(2);
  expect(misspelt.out).toMatch(/train_dataloder: this key is not read. Did you mean "train_dataloader"\?/);
  expect(misspelt.out).toMatch(/train_dataloader: unknown option "batchsize". Did you mean "batch_size"\?/);
  const [json] = (await check((given) => void (given.compile = true), '--json')).lines();
  expect(json).toMatchObject({ problems: [], notices: [{ paths: ['compile'], lost: false }] });
});

test('options that nothing reads are refused by every command', async () => {
  for (const command of [
    ['config', 'check', 'retinanet_r50_fpn_1x_coco'],
    ['config', 'print', 'retinanet_r50_fpn_1x_coco'],
    ['config', 'diff', 'retinanet_r50_fpn_1x_coco', 'retinanet_r50_fpn_1x_coco'],
    ['config', 'explain', 'retinanet_r50_fpn_1x_coco', 'model'],
    ['summary', 'retinanet_r50_fpn_1x_coco'],
    ['train', 'retinanet_r50_fpn_1x_coco'],
  ]) {
    const { code, out, err } = await detlab(...command, '--cfg-options', 'train_dataloader.batchsize=2');
    expect([command, code]).toEqual([command, 2]);
    expect(out + err).toContain('The path is train_dataloader.batch_size');
  }
});

test('check: a fragment without a model is valid as far as it goes, and no config', async () => {
  const file = path.join(
    scratch({ 'a.py': "train_dataloader = dict(batch_size=2, sampler=dict(type='DefaultSampler'))" }),
    'a.py',
  );
  const { code, out } = await detlab('config', 'check', file);
  expect(code).toBe(2);
  expect(out).toMatch(/\n {2}without a model: a fragment/);
  const { model } = loadConfig('retinanet_r18_fpn_1x_coco').config;
  const alone = path.join(scratch({ 'model.json': JSON.stringify({ model }) }), 'model.json');
  const checked = await detlab('config', 'check', alone);
  expect([checked.code, checked.out]).toEqual([2, expect.stringMatching(/\n {2}without optimizer \(optim_wrapper\)/)]);
});

test('train stops at a mistake of the config before it looks for data', async () => {
  const { code, err } = await detlab(
    'train',
    'retinanet_r50_fpn_1x_coco',
    '--cfg-options',
    'train_dataloader.sampler.type=DefaultSamplre',
  );
  expect(code).toBe(2);
  expect(err).toMatch(/train_dataloader.sampler: unknown data_sampler "DefaultSamplre". Did you mean "DefaultSampler"/);
});

test('check names the place of this process among several', async () => {
  vi.stubEnv('RANK', '1');
  vi.stubEnv('WORLD_SIZE', '2');
  const { code, out } = await detlab('config', 'check', 'faster-rcnn_r50_fpn_1x_coco');
  vi.unstubAllEnvs();
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/environment: RANK=1 WORLD_SIZE=2 has no effect without --launcher pytorch/),
  ]);
});
