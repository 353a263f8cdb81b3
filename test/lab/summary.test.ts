// Shapes of the stages in summaries.

import { expect, test } from 'vitest';
import { detector } from '../../src';

const shapes = async (options: Record<string, string | number | number[] | null>) => {
  const recipe = detector('reid_r50_8xb32-6e_mot17train80_test-mot17val20').set(options);
  const { stages } = (await recipe.summary()).summary;
  return stages
    .filter(({ path }) => path === 'backbone' || path === 'neck')
    .map(({ outputs, strides }) => [outputs, strides]);
};

test('a neck that pools the whole of its level, or a window of it, gives what is left', async () => {
  const random = { 'model.backbone.init_cfg': null };
  const levels = [[[8, 4, 2048]], [32]];
  expect(await shapes(random)).toEqual([levels, [[[1, 1, 2048]], []]]);
  expect(await shapes({ ...random, 'model.neck.kernel_size': [3, 2], 'model.neck.stride': 2 })).toEqual([
    levels,
    [[[3, 2, 2048]], []],
  ]);
});
