// Pipelines built from configs: what they take as it is, and what they refuse.

import { expect, it } from 'vitest';
import { buildPipeline } from '../../src/data/pipeline';

it("take the pipelines of MMDetection's own configs as they are", () => {
  const train = [
    { type: 'LoadImageFromFile', backend_args: null },
    { type: 'LoadAnnotations', with_bbox: true },
    { type: 'Resize', scale: [1333, 800], keep_ratio: true },
    { type: 'RandomFlip', prob: 0.5 },
    { type: 'PackDetInputs' },
  ];
  const meta_keys = ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'];
  const test = [train[0], train[2], train[1], { type: 'PackDetInputs', meta_keys }];
  expect(buildPipeline(train).portable && buildPipeline(test).portable).toBe(true);
});

it('names a misspelt option and where it stands', () => {
  expect(() =>
    buildPipeline([{ type: 'Resize', scale: [4, 4], keep_ration: true }, { type: 'PackDetInputs' }]),
  ).toThrow(/pipeline\.0.*keep_ration.*keep_ratio/s);
});

it('refuses a Resize without scale and a pipeline without PackDetInputs', () => {
  expect(() => buildPipeline([{ type: 'Resize' }, { type: 'PackDetInputs' }])).toThrow(/scale/);
  expect(() => buildPipeline([{ type: 'LoadAnnotations' }])).toThrow(/PackDetInputs/);
});
