// Classic Python configs as the tutorials print them.

import path from 'node:path';
import { expect, test } from 'vitest';
import { readConfigFile } from '../../../src/config';
import { complaint, scratch } from '../scratch';

const read = (text: string) => readConfigFile(path.join(scratch({ 'a.py': text }), 'a.py')).config;

test('a neck with tuples of tuples and repeated paths', () => {
  const config = read(`norm_cfg = dict(type='BN', requires_grad=True)
neck=dict(type='FPG', in_channels=[256, 512, 1024, 2048], stack_times=9, paths=['bu'] * 9, same_down_trans=None,
    same_up_trans=dict(type='conv', kernel_size=3, norm_cfg=norm_cfg, inplace=False, order=('act', 'conv', 'norm')),
    skip_inds=[(0, 1, 2, 3), (0, 1, 2), (0, 1), (0, ), ()])
`);
  expect(config.neck).toMatchObject({
    paths: Array(9).fill('bu'),
    same_down_trans: null,
    same_up_trans: { norm_cfg: { type: 'BN' }, order: ['act', 'conv', 'norm'] },
    skip_inds: [[0, 1, 2, 3], [0, 1, 2], [0, 1], [0], []],
  });
});

test('options left open in the text are refused at their place', () => {
  expect(complaint(() => read('neck=dict(\n    type="FPG",\n    stack_times=...,  # must be given\n)'))).toMatch(
    /a.py:3:17: \.\.\. is not data. Write the value itself/,
  );
});

test('a comma too many makes a tuple, as in Python', () => {
  expect(read('default_hooks = dict(logger=dict(interval=100)),')).toEqual({
    default_hooks: [{ logger: { interval: 100 } }],
  });
});

test('typeset quotes are named', () => {
  expect(complaint(() => read('model = dict(backbone=dict(type=\u2018MobileNet\u2019))'))).toMatch(
    /typographic character/,
  );
});
