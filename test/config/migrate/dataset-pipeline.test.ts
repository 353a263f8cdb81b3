// Datasets of 1.x with the options of the pipeline.

import { expect, test } from 'vitest';
import { migrated } from './migrated';

test('a dataset of 1.x that holds its own pipeline', () => {
  const { config } = migrated(`data = dict(imgs_per_gpu=2, workers_per_gpu=2, train=dict(type='CustomDataset',
    ann_file='a.json', img_prefix='train/', img_scale=(1333, 800), img_norm_cfg=dict(mean=[1], std=[2], to_rgb=True),
    size_divisor=32, flip_ratio=0.5, with_mask=False, with_crowd=True, with_label=True))
model = dict(type='RetinaNet')
`);
  expect(config.train_dataloader.batch_size).toBe(2);
  expect(config.train_dataloader.dataset.pipeline).toEqual([
    { type: 'LoadImageFromFile', backend_args: null },
    { type: 'LoadAnnotations', with_bbox: true },
    { type: 'Resize', scale: [1333, 800], keep_ratio: true },
    { type: 'RandomFlip', prob: 0.5 },
    { type: 'PackDetInputs' },
  ]);
  expect(config.model.data_preprocessor).toMatchObject({ mean: [1], pad_size_divisor: 32 });
});
