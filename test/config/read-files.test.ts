// Config files and their bases.

import path from 'node:path';
import { expect, test } from 'vitest';
import { readConfigFile } from '../../src/config';
import { complaint, scratch } from './scratch';

test('inheritance in a circle', () => {
  const files = { 'a.py': "_base_ = 'b.py'", 'b.py': "_base_ = 'a.py'" };
  expect(complaint(() => readConfigFile(path.join(scratch(files), 'a.py')))).toMatch(/inherits from itself/);
});

test('a base under its old name is suggested', () => {
  const folder = scratch({
    '_base_/mask-rcnn_r50_fpn.py': 'a = 1',
    'a.py': "_base_ = './_base_/mask_rcnn_r50_fpn.py'",
  });
  expect(complaint(() => readConfigFile(path.join(folder, 'a.py')))).toMatch(/Did you mean "mask-rcnn_r50_fpn"/);
});
