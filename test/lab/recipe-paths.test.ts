// The paths of a recipe: of its config, and of the modules that can be frozen.

import { expect, test } from 'vitest';
import { detector } from '../../src/lab/detector';
import { configPaths } from '../../src/lab/recipe-paths';

const paths = (recipe: ReturnType<typeof detector>, method: string) =>
  (recipe as unknown as Record<symbol, (method: string) => Promise<string[]>>)[Symbol.for('detlab.completions')](
    method,
  );

test('a config has the path of each of its values, but not of the numbers of a list', () => {
  const config = { model: { neck: { type: 'FPN', in_channels: [1, 2] }, heads: [{ type: 'A' }] }, seed: null };
  expect(configPaths(config)).toEqual([
    'model',
    'model.neck',
    'model.neck.type',
    'model.neck.in_channels',
    'model.heads',
    'model.heads.0',
    'model.heads.0.type',
    'seed',
  ]);
});

test('every path of a recipe can be set and frozen', async () => {
  const base = detector('faster-rcnn_r18_fpn_toytown');
  const modules = await paths(base, 'freeze');
  expect(modules).toEqual(expect.arrayContaining(['backbone', 'backbone.layer1.0.conv1', 'neck.lateral_convs.0']));
  expect(await paths(base.neck('PAFPN'), 'unfreeze')).toContain('neck.downsample_convs');
  const model = await base.freeze(...modules).build();
  expect(model.detector.trainable().length).toBe(0);
  expect(await paths(base, 'set')).toContain('train_dataloader.batch_size');
  expect(await paths(base, 'fit')).toEqual([]);
});
