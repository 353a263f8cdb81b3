// Transforms of 1.x and 2.x: sizes, ranges and policies.

import { expect, test } from 'vitest';
import { migrated, pipeline } from './migrated';

test('sizes of 2.x are (height, width), of 3.x (width, height)', () => {
  const { config, left } = pipeline(
    "dict(type='Mosaic', img_scale=(480, 640), pad_val=114.0, skip_filter=False)",
    "dict(type='RandomAffine', border=(-240, -320))",
    "dict(type='RandomCrop', crop_size=(384, 600))",
    "dict(type='RandomCrop', crop_type='absolute_range', crop_size=(384, 600))",
    "dict(type='Pad', size=(480, 640), pad_val=dict(img=(114, 114, 114)))",
    "dict(type='RandomShift', shift_ratio=0.3, max_shift_px=32)",
  );
  expect(config.train_pipeline).toEqual([
    { type: 'Mosaic', img_scale: [640, 480], pad_val: 114 },
    { type: 'RandomAffine', border: [-320, -240] },
    { type: 'RandomCrop', crop_size: [600, 384] },
    { type: 'RandomCrop', crop_type: 'absolute_range', crop_size: [384, 600] },
    { type: 'Pad', size: [640, 480], pad_val: { img: [114, 114, 114] } },
    { type: 'RandomShift', prob: 0.3, max_shift_px: 32 },
    { type: 'PackDetInputs' },
  ]);
  expect(left).toEqual([]);
});

test('sizes to choose from, policies, and half precision', () => {
  const { config } = migrated(`train_pipeline = [
    dict(type='Resize', img_scale=[(480, 1333), (800, 1333)], multiscale_mode='value', keep_ratio=True),
    dict(type='Resize', img_scale=[(480, 1333), (800, 1333)], keep_ratio=True),
    dict(type='Resize', img_scale=(640, 640), ratio_range=(0.5, 2.0)),
    dict(type='AutoAugment', policies=[[dict(type='RandomFlip', flip_ratio=0.)], [dict(type='Resize', img_scale=(1, 2), override=True)]])]
fp16 = dict(loss_scale=512.)
optimizer = dict(type='AdamW', lr=0.1, paramwise_cfg=dict(norm_decay_mult=0))
total_epochs = 3
lr_config = dict(policy='CosineAnnealing', min_lr=0)
`);
  expect(config.train_pipeline).toEqual([
    {
      type: 'RandomChoiceResize',
      scales: [
        [480, 1333],
        [800, 1333],
      ],
      keep_ratio: true,
    },
    {
      type: 'RandomResize',
      scale: [
        [480, 1333],
        [800, 1333],
      ],
      keep_ratio: true,
    },
    { type: 'RandomResize', scale: [640, 640], ratio_range: [0.5, 2], keep_ratio: true },
    {
      type: 'RandomChoice',
      transforms: [[{ type: 'RandomFlip', prob: 0 }], [{ type: 'Resize', scale: [1, 2], keep_ratio: true }]],
    },
  ]);
  expect(config.optim_wrapper).toEqual({
    type: 'AmpOptimWrapper',
    loss_scale: 512,
    optimizer: { type: 'AdamW', lr: 0.1 },
    paramwise_cfg: { norm_decay_mult: 0 },
  });
  expect(config.param_scheduler).toEqual([
    { type: 'CosineAnnealingLR', begin: 0, end: 3, by_epoch: true, T_max: 3, eta_min: 0 },
  ]);
});
