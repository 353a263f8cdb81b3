// Config files: keys and variables that nothing reads.

import path from 'node:path';
import { expect, test } from 'vitest';
import { detector } from '../../src';
import { noticeLine } from '../../src/catalogue/config-notices';
import { loadConfig } from '../../src/config';
import { unreadSettings } from '../../src/lab/unread-settings';
import { complaint, scratch } from '../config/scratch';

const base = `
data_root = 'data/a/'
max_epochs = 12
norm_cfg = dict(type='BN')
train_pipeline = [dict(type='LoadImageFromFile'), dict(type='PackDetInputs')]
train_dataloader = dict(batch_size=2, dataset=dict(type='CocoDataset', data_root=data_root, ann_file='a.json', pipeline=train_pipeline))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs)
model = dict(type='RetinaNet', backbone=dict(type='ResNet', depth=50, norm_cfg=norm_cfg))
`;
const notices = (text: string) => {
  const folder = scratch({ 'base.py': base, 'child.py': `_base_ = './base.py'\n${text}` });
  return unreadSettings(loadConfig(path.join(folder, 'child.py'))).notices.map(noticeLine);
};
const inTypeScript = (text: string) => {
  const folder = scratch({ 'base.py': base, 'child.ts': `export default { _base_: './base.py', ${text} };` });
  return complaint(() => detector(path.join(folder, 'child.ts')));
};

test('a variable of a base that a Python config sets in vain is one line, with what to set', () => {
  expect(notices("train_pipeline = [dict(type='PackDetInputs')]")).toEqual([
    'train_pipeline: this sets a variable that nothing reads. Set train_dataloader.dataset.pipeline',
  ]);
  expect(notices("data_root = 'data/b/'\nmax_epochs = 24")).toEqual([
    'data_root: this sets a variable that nothing reads. Set train_dataloader.dataset.data_root',
    'max_epochs: this sets a variable that nothing reads. Set train_cfg.max_epochs',
  ]);
});

test.each([
  "train_pipeline = [dict(type='PackDetInputs')]\ntrain_dataloader = dict(dataset=dict(pipeline=train_pipeline))",
  "data_root = 'data/b/'\ntrain_dataloader = dict(dataset=dict(data_root=data_root + 'train/'))",
  'max_epochs = 24\ntrain_cfg = dict(max_epochs=max_epochs)',
  "my_variable = [1, 2]\nclass_names = ('cat', 'dog')",
  "data_root = 'data/a/'",
])('a variable that is used, or is new, is none: %s', (text) => {
  expect(notices(text)).toEqual([]);
});

test('in a TypeScript config, which has constants, a key that nothing reads is an error', () => {
  expect(inTypeScript('train_pipeline: [{ type: "PackDetInputs" }]')).toMatch(
    /^Cannot use .*child.ts: 1 problem in its config.\n {2}train_pipeline: this sets a variable .* Set train_dataloader.dataset.pipeline$/,
  );
  expect(inTypeScript('train_dataloder: { batch_size: 4 }')).toMatch(
    /train_dataloder: .*Did you mean "train_dataloader"\?$/,
  );
  expect(inTypeScript('batch_size: 4')).toMatch(
    /batch_size: this sets a variable that nothing reads. Set train_dataloader.batch_size$/,
  );
});

test('a TypeScript config may have what is part of it', () => {
  const text = `const train_pipeline = [{ type: 'PackDetInputs' }];
    export default { _base_: './base.py', train_pipeline, train_dataloader: { dataset: { pipeline: train_pipeline } } };`;
  const folder = scratch({ 'base.py': base, 'child.ts': text });
  const { config } = detector(path.join(folder, 'child.ts'));
  expect(config.train_dataloader).toMatchObject({ dataset: { pipeline: [{ type: 'PackDetInputs' }] } });
});

test('the preprocessor at the top of a config is that of a model without one, as in mmengine', () => {
  const { config } = detector({ model: { type: 'RetinaNet' }, data_preprocessor: { type: 'DetDataPreprocessor' } });
  expect(config.model).toEqual({ type: 'RetinaNet', data_preprocessor: { type: 'DetDataPreprocessor' } });
});
