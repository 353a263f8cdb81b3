// Models of 2.x whose settings 3.x has elsewhere.

import { expect, test } from 'vitest';
import { migrated } from './migrated';

test('YOLOX: sizes that change, hooks and intervals', () => {
  const { config, left } =
    migrated(`model = dict(type='YOLOX', input_size=(640, 640), random_size_range=(15, 25), random_size_interval=10,
    backbone=dict(type='CSPDarknet'))
runner = dict(type='EpochBasedRunner', max_epochs=300)
custom_hooks = [dict(type='YOLOXModeSwitchHook', num_last_epochs=15, priority=48),
    dict(type='SyncNormHook', num_last_epochs=15, interval=10, priority=48),
    dict(type='ExpMomentumEMAHook', resume_from=None, momentum=0.0001, priority=49)]
evaluation = dict(interval=10, dynamic_intervals=[(285, 1)], start=20)
auto_resume = True
seed = 7
`);
  expect(config.model).toEqual({
    type: 'YOLOX',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      pad_size_divisor: 32,
      batch_augments: [
        { type: 'BatchSyncRandomResize', random_size_range: [480, 800], size_divisor: 32, interval: 10 },
      ],
    },
    backbone: { type: 'CSPDarknet' },
  });
  expect(config.custom_hooks).toEqual([
    { type: 'YOLOXModeSwitchHook', num_last_epochs: 15, priority: 48 },
    { type: 'SyncNormHook', priority: 48 },
    { type: 'EMAHook', ema_type: 'ExpMomentumEMA', update_buffers: true, momentum: 0.0001, priority: 49 },
  ]);
  expect(config.train_cfg).toEqual({
    type: 'EpochBasedTrainLoop',
    max_epochs: 300,
    val_interval: 10,
    val_begin: 20,
    dynamic_intervals: [[285, 1]],
  });
  expect(config).toMatchObject({ resume: true, randomness: { seed: 7 } });
  expect(left).toEqual([]);
});

test('YOLOX changes sizes when nothing is said of it; parts of a transformer that are no more are named', () => {
  const { config } = migrated("model = dict(type='YOLOX', input_size=(640, 640))");
  expect(config.model.data_preprocessor.batch_augments[0].random_size_range).toEqual([480, 800]);
  const { left } =
    migrated(`model = dict(type='DeformableDETR', bbox_head=dict(type='DeformableDETRHead', transformer=dict(type='MyTransformer',
    encoder=dict(type='DetrTransformerEncoder', num_layer=3, transformerlayers=dict(type='BaseTransformerLayer', norm_cgf=dict(type='LN'))))))`);
  expect(left).toEqual([
    expect.stringMatching(/^model.bbox_head.transformer.type: MyTransformer is replaced by 3.x's built-in class/),
    'model.bbox_head.transformer.encoder.num_layer: not a key of MMDetection 2.x. Did you mean "num_layers"?',
    'model.bbox_head.transformer.encoder.transformerlayers.norm_cgf: not a key of MMDetection 2.x. Did you mean "norm_cfg"?',
  ]);
});

test("YOLACT's semantic branch is a part of its mask head", () => {
  const { config, changes, left } = migrated(`model = dict(type='YOLACT', pretrained=None,
    bbox_head=dict(type='YOLACTHead', num_classes=80), mask_head=dict(type='YOLACTProtonet', num_classes=80),
    segm_head=dict(type='YOLACTSegmHead', num_classes=80, in_channels=256, loss_segm=dict(type='CrossEntropyLoss', use_sigmoid=True)))
runner = dict(type='EpochBasedRunner', max_epochs=55)
`);
  const loss_segm = { type: 'CrossEntropyLoss', use_sigmoid: true };
  expect(config.model.mask_head).toMatchObject({ type: 'YOLACTProtonet', with_seg_branch: true, loss_segm });
  expect(config.model.segm_head).toBeUndefined();
  expect(changes).toContain('model.segm_head -> model.mask_head.{with_seg_branch, loss_segm}');
  expect(left).toEqual([]);
});
