// In what configs differ: by path, modules of other types as a whole.

import { expect, test } from 'vitest';
import { configDifferences } from '../../src/lab/config-differences';

const config = (neck: object, more: object = {}) => ({
  model: { type: 'FCOS', neck: { ...neck } },
  optim_wrapper: { optimizer: { lr: 0.01 } },
  work_dir: String(Math.random()),
  ...more,
});

test('values, types and lists', () => {
  const fpn = { type: 'FPN', out_channels: 64, num_outs: 5 };
  const pafpn = { type: 'PAFPN', out_channels: 64 };
  expect(configDifferences([config(fpn), config(fpn)])).toEqual([]);
  expect(configDifferences([config(fpn), config(pafpn), config(fpn)])).toEqual([
    { path: 'model.neck.type', values: ['"FPN"', '"PAFPN"', '"FPN"'] },
  ]);
  const steps = (end: number) => ({ param_scheduler: [{ type: 'LinearLR', end }, { type: 'MultiStepLR' }] });
  const other = { optim_wrapper: { optimizer: { lr: 0.02, momentum: 0.9 } } };
  expect(configDifferences([config(fpn, steps(5)), config(fpn, { ...steps(8), ...other })])).toEqual([
    { path: 'optim_wrapper.optimizer.lr', values: ['0.01', '0.02'] },
    { path: 'optim_wrapper.optimizer.momentum', values: [undefined, '0.9'] },
    { path: 'param_scheduler.0.end', values: ['5', '8'] },
  ]);
  expect(configDifferences([config(fpn), config({ ...fpn, num_outs: 4 })])).toEqual([
    { path: 'model.neck.num_outs', values: ['5', '4'] },
  ]);
});

test('a run without a config has no values, and makes no difference', () => {
  const [a, b] = [config({ type: 'FPN' }), config({ type: 'PAFPN' })];
  expect(configDifferences([a, undefined, b])).toEqual([
    { path: 'model.neck.type', values: ['"FPN"', undefined, '"PAFPN"'] },
  ]);
  expect(configDifferences([a, undefined])).toEqual([]);
});

test('lists of other lengths are whole values; of a module that others lack, the type is', () => {
  const hooks = (list: object[]) => config({ type: 'FPN' }, { custom_hooks: list });
  expect(configDifferences([hooks([]), hooks([{ type: 'EMAHook' }])])).toEqual([
    { path: 'custom_hooks', values: ['[]', '[{"type":"EMAHook"}]'] },
  ]);
  const bare = { ...config({}), model: { type: 'FCOS' } };
  expect(configDifferences([bare, config({ type: 'FPN', num_outs: 5 })])).toEqual([
    { path: 'model.neck.type', values: [undefined, '"FPN"'] },
  ]);
});
