// Pipelines of 2.x: floats, and proposals.

import { expect, test } from 'vitest';
import { pipeline } from './migrated';

test('images stay bytes until a step needs floats, but where one wants them from the start', () => {
  const load = "dict(type='LoadImageFromFile', to_float32=True)";
  const { config, changes } = pipeline(load, "dict(type='PhotoMetricDistortion')");
  expect(config.train_pipeline[0]).toEqual({ type: 'LoadImageFromFile' });
  expect(changes).toContain('train_pipeline: to_float32 -> dropped: steps that need floats convert to them');
  const centred = pipeline(load, "dict(type='RandomCenterCropPad', crop_size=(512, 640))").config.train_pipeline;
  expect(centred.slice(0, 2)).toEqual([
    { type: 'LoadImageFromFile', to_float32: true },
    { type: 'RandomCenterCropPad', crop_size: [640, 512] },
  ]);
});

test('proposals move with the boxes', () => {
  const { config } = pipeline(
    "dict(type='LoadImageFromFile')",
    "dict(type='LoadProposals', num_max_proposals=2000)",
    "dict(type='LoadAnnotations', with_bbox=True)",
    "dict(type='Resize', img_scale=(1333, 800), keep_ratio=True)",
    "dict(type='RandomFlip', flip_ratio=0.5)",
    "dict(type='ToTensor', keys=['proposals'])",
    "dict(type='ToDataContainer', fields=[dict(key='proposals', stack=False)])",
  );
  expect(config.train_pipeline.slice(2)).toEqual([
    { type: 'LoadAnnotations', with_bbox: true },
    {
      type: 'ProposalBroadcaster',
      transforms: [
        { type: 'Resize', scale: [1333, 800], keep_ratio: true },
        { type: 'RandomFlip', prob: 0.5 },
      ],
    },
    { type: 'PackDetInputs' },
  ]);
});
