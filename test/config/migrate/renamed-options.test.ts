// Names that 3.x has given up.

import { expect, test } from 'vitest';
import { migrateConfig } from '../../../src/config';
import { migrated } from './migrated';

test('names that 3.x has given up are renewed in a config of 3.x too', () => {
  const { config, changes } = migrated(`optim_wrapper = dict(optimizer=dict(type='SGD'))
custom_imports = dict(imports=['mmcls.models'], allow_failed_imports=False)
model = dict(type='FasterRCNN', backbone=dict(_delete_=True, type='mmcls.ConvNeXt'), neck=dict(rfp_backbone=dict(pretrained='x')))
total_epochs = 3
train_cfg = dict(max_epochs=total_epochs)
train_pipeline = [dict(type='LoadImageFromFile', file_client_args=dict(backend='disk'))]`);
  expect(config.model.backbone.type).toBe('mmpretrain.ConvNeXt');
  expect(config.custom_imports.imports).toEqual(['mmpretrain.models']);
  expect(config.model.neck.rfp_backbone).toEqual({ init_cfg: { type: 'Pretrained', checkpoint: 'x' } });
  expect(config.train_pipeline).toEqual([{ type: 'LoadImageFromFile', backend_args: null }]);
  expect(config.train_cfg).toEqual({ max_epochs: 3 });
  expect(changes).toHaveLength(4);
});

test("a name of MMTracking's in a config of MMDetection is read as meant, and said", () => {
  const { config, changes } = migrateConfig({ test_evaluator: { type: 'MOTChallengeMetrics', format_only: true } });
  expect(config.test_evaluator).toEqual({ type: 'MOTChallengeMetric', format_only: true });
  expect(changes.map(({ notice }) => notice)).toEqual([
    'test_evaluator.type: "MOTChallengeMetrics" is read as MOTChallengeMetric, its name in MMDetection',
  ]);
});
