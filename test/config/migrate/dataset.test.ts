// Datasets of 2.x: wrappers, several annotation files, formats that 3.x does not have.

import path from 'node:path';
import { expect, test } from 'vitest';
import { migrateConfig, readConfigFile } from '../../../src/config';
import { scratch } from '../scratch';
import { migrated } from './migrated';

test('datasets: two years of VOC, wrappers, and a format of 2.x that is no more', () => {
  const { config, left, changes } = migrated(`data_root = 'data/VOCdevkit/'
data = dict(samples_per_gpu=2, workers_per_gpu=0,
    train=dict(type='RepeatDataset', times=3, dataset=dict(type='VOCDataset', pipeline=[],
        ann_file=[data_root + 'VOC2007/trainval.txt', data_root + 'VOC2012/trainval.txt'],
        img_prefix=[data_root + 'VOC2007/', data_root + 'VOC2012/'])),
    val=[dict(type='VOCDataset', ann_file='a.txt', img_prefix='VOC2012/')],
    test=dict(type='CustomDataset', ann_file='test.pkl', img_prefix='test/', clases=('a',)),
    train_dataloader=dict(class_aware_sampler=dict(num_sample_class=1)))
evaluation = dict(interval=1, metric='mAP', save_best='mAP')
`);
  const voc = (year: string) => ({
    type: 'VOCDataset',
    data_root: 'data/VOCdevkit/',
    ann_file: `${year}/trainval.txt`,
    data_prefix: { sub_data_root: `${year}/` },
    filter_cfg: { filter_empty_gt: true, min_size: 32 },
    pipeline: [],
  });
  expect(config.train_dataloader).toEqual({
    batch_size: 2,
    num_workers: 0,
    persistent_workers: false,
    sampler: { type: 'ClassAwareSampler', num_sample_class: 1 },
    batch_sampler: { type: 'AspectRatioBatchSampler' },
    dataset: {
      type: 'RepeatDataset',
      times: 3,
      dataset: { type: 'ConcatDataset', ignore_keys: ['dataset_type'], datasets: [voc('VOC2007'), voc('VOC2012')] },
    },
  });
  expect(config.val_evaluator).toEqual({ type: 'VOCMetric', metric: 'mAP', eval_mode: 'area' });
  expect(config.default_hooks.checkpoint.save_best).toBe('pascal_voc/mAP');
  expect(changes).toContain('data.train.dataset.ann_file (a list) -> ConcatDataset');
  expect(changes.find((line) => line.startsWith('data.test.type'))).toMatch(/CustomDataset reads the middle format/);
  expect(left).toEqual(['data.test.clases: not a key of MMDetection 2.x. Did you mean "classes"?']);
});

const read = (text: string) => readConfigFile(path.join(scratch({ 'a.py': text }), 'a.py')).config;

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
