import { expect, test } from 'vitest';
import { Registry } from '../../src/catalogue/registry';
import { TRANSFORMS } from '../../src/data';
import { withoutClipping } from '../../src/data/unclipped';

test('clipping is off wherever a transform has it, also in nested ones', () => {
  const registry = new Registry(TRANSFORMS);
  const config = [
    { type: 'RandomFlip', prob: 0.5 },
    { type: 'mmdet.RandomCrop', crop_size: [8, 8] },
    {
      type: 'RandomChoice',
      transforms: [[{ type: 'Resize', scale: [8, 8] }], [{ type: 'Mosaic', img_scale: [8, 8] }]],
    },
  ];
  expect(withoutClipping(config, registry)).toEqual([
    config[0],
    { ...config[1], bbox_clip_border: false },
    {
      type: 'RandomChoice',
      transforms: [
        [{ type: 'Resize', scale: [8, 8], clip_object_border: false }],
        [{ type: 'Mosaic', img_scale: [8, 8], bbox_clip_border: false }],
      ],
    },
  ]);
});
