// Configs as the tutorials print them: fragments and whole files, classic and old.

import path from 'node:path';
import { expect, test } from 'vitest';
import { migrateConfig, readConfigFile } from '../../src/config';
import { complaint, scratch } from './scratch';

const read = (text: string) => readConfigFile(path.join(scratch({ 'a.py': text }), 'a.py')).config;

test('a neck with tuples of tuples and repeated paths', () => {
  const config = read(`norm_cfg = dict(type='BN', requires_grad=True)
neck=dict(type='FPG', in_channels=[256, 512, 1024, 2048], stack_times=9, paths=['bu'] * 9, same_down_trans=None,
    same_up_trans=dict(type='conv', kernel_size=3, norm_cfg=norm_cfg, inplace=False, order=('act', 'conv', 'norm')),
    skip_inds=[(0, 1, 2, 3), (0, 1, 2), (0, 1), (0, ), ()])
`);
  expect(config.neck).toMatchObject({
    paths: Array(9).fill('bu'),
    same_down_trans: null,
    same_up_trans: { norm_cfg: { type: 'BN' }, order: ['act', 'conv', 'norm'] },
    skip_inds: [[0, 1, 2, 3], [0, 1, 2], [0, 1], [0], []],
  });
});

test('options left open in the text are refused at their place', () => {
  expect(complaint(() => read('neck=dict(\n    type="FPG",\n    stack_times=...,  # must be given\n)'))).toMatch(
    /a.py:3:17: \.\.\. is not data. Write the value itself/,
  );
});

test('a comma too many makes a tuple, as in Python', () => {
  expect(read('default_hooks = dict(logger=dict(interval=100)),')).toEqual({
    default_hooks: [{ logger: { interval: 100 } }],
  });
});

test('typeset quotes are named', () => {
  expect(complaint(() => read('model = dict(backbone=dict(type=\u2018MobileNet\u2019))'))).toMatch(
    /typographic character/,
  );
});

test('a base under its old name is suggested', () => {
  const folder = scratch({
    '_base_/mask-rcnn_r50_fpn.py': 'a = 1',
    'a.py': "_base_ = './_base_/mask_rcnn_r50_fpn.py'",
  });
  expect(complaint(() => readConfigFile(path.join(folder, 'a.py')))).toMatch(/Did you mean "mask-rcnn_r50_fpn"/);
});

test('a dataset of another kind, written for 2.x', () => {
  const { config, changes } = migrateConfig(
    read(`classes = ("wall", "floor", "shower curtain")
norm = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
test_pipeline = [dict(type='MultiScaleFlipAug', img_scale=(1333, 800), flip=False, transforms=[
    dict(type='Resize', keep_ratio=True), dict(type='Normalize', **norm), dict(type='Collect', keys=['img'])])]
data_root = 'data/frames/'
data = dict(samples_per_gpu=1,#2,
    workers_per_gpu=2,
    val=dict(type='CocoDataset', ann_file=data_root + 'val.json', img_prefix=data_root + 'val/', pipeline=test_pipeline,
        classes=classes))
`),
  );
  expect(config.val_dataloader).toMatchObject({
    dataset: {
      data_root: 'data/frames/',
      ann_file: 'val.json',
      metainfo: { classes: ['wall', 'floor', 'shower curtain'] },
    },
  });
  expect(changes.map(({ from }) => from)).toContain('test_pipeline[0] MultiScaleFlipAug');
});
