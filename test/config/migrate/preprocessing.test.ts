// Normalisation and padding of 2.x move to the data preprocessor.

import { expect, test } from 'vitest';
import { migrated } from './migrated';

test('padding to one size after normalising belongs to the data preprocessor', () => {
  const { config } = migrated(`model = dict(type='RetinaNet')
train_pipeline = [dict(type='LoadAnnotations', with_mask=True), dict(type='Normalize', mean=[1], std=[2], to_rgb=False),
    dict(type='Pad', size=(480, 640)), dict(type='Collect', keys=['img'])]`);
  expect(config.model.data_preprocessor).toEqual({
    type: 'DetDataPreprocessor',
    mean: [1],
    std: [2],
    bgr_to_rgb: false,
    pad_mask: true,
    pad_size_divisor: 1,
    batch_augments: [{ type: 'BatchFixedSizePad', size: [480, 640], pad_mask: true }],
  });
});
