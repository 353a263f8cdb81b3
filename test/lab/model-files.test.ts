// Student and teacher that a config names by their files: what is read, and what is refused. model-files.slow.test.ts trains.

import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { detector } from '../../src/lab/detector';
import { withModelFiles } from '../../src/lab/model-files';
import { config, distilled, folder } from './distilled-configs';

afterEach(() => vi.unstubAllEnvs());

test('models of other files: beside the config, of a package, and of none', async () => {
  vi.stubEnv('DETLAB_CONFIG_ROOTS', `mmdet=${path.dirname(folder)}`);
  const recipe = detector(config('beside.py', distilled('large.py')));
  const student = { _scope_: 'mmdet', data_preprocessor: { mean: [1, 2, 3] }, backbone: { depth: 18 } };
  expect(recipe.config).toMatchObject({ model: { architecture: student, teacher: { backbone: { depth: 34 } } } });
  expect(() => detector(config('nowhere.py', distilled('mmyolo::rtmdet/larg.py')))).toThrow(
    /Cannot read model\.teacher: no config "mmyolo::rtmdet\/larg\.py"\. Set DETLAB_CONFIG_ROOTS=mmyolo=FOLDER/,
  );
  const unread = { model: { type: 'RetinaNet' } };
  expect(withModelFiles(unread)).toBe(unread);
});
