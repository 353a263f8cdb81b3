// MultiScaleFlipAug of 2.x is test-time augmentation of 3.x.

import { expect, test } from 'vitest';
import { migrated, type Untyped } from './migrated';

test('test-time augmentation is a pipeline of its own', () => {
  const { config, changes } =
    migrated(`model = dict(type='RetinaNet', test_cfg=dict(nms=dict(type='nms', iou_threshold=0.6), max_per_img=50))
test_pipeline = [dict(type='LoadImageFromFile', to_float32=True), dict(type='MultiScaleFlipAug',
    img_scale=[(1333, 800), (2000, 1200)], flip=True, flip_direction=['horizontal', 'vertical'], transforms=[
    dict(type='Resize', keep_ratio=True), dict(type='RandomFlip'), dict(type='Normalize', mean=[1], std=[2]),
    dict(type='ImageToTensor', keys=['img']), dict(type='Collect', keys=['img'])])]`);
  expect(config.test_pipeline.map(({ type }: Untyped) => type)).toEqual([
    'LoadImageFromFile',
    'Resize',
    'LoadAnnotations',
    'PackDetInputs',
  ]);
  expect(config.tta_model).toEqual({
    type: 'DetTTAModel',
    tta_cfg: { nms: { type: 'nms', iou_threshold: 0.6 }, max_per_img: 50 },
  });
  expect(config.tta_pipeline).toEqual([
    { type: 'LoadImageFromFile' },
    {
      type: 'TestTimeAug',
      transforms: [
        [
          { type: 'Resize', keep_ratio: true, scale: [1333, 800] },
          { type: 'Resize', keep_ratio: true, scale: [2000, 1200] },
        ],
        [
          { type: 'RandomFlip', prob: 1 },
          { type: 'RandomFlip', prob: 1, direction: 'vertical' },
          { type: 'RandomFlip', prob: 0 },
        ],
        [{ type: 'LoadAnnotations', with_bbox: true }],
        [
          {
            type: 'PackDetInputs',
            meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip', 'flip_direction'],
          },
        ],
      ],
    },
  ]);
  expect(changes).toContain(
    'test_pipeline[1] MultiScaleFlipAug -> its first scale without flips; all scales and flips in tta_pipeline, with tta_model',
  );
});
