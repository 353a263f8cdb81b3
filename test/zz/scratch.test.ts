import { expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { loadConfig } from '../../src/config';
import { findConfigProblems } from '../../src/catalogue/check-config';
import { catalogue } from '../../src/lab/catalogue';
test('x', () => {
  const { config } = loadConfig('soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-0.1-coco');
  const ref = JSON.parse(readFileSync('/tmp/softref.json', 'utf8'));
  expect(findConfigProblems(config, catalogue)).toEqual([]);
  expect(JSON.parse(JSON.stringify(config))).toEqual(ref);
});
test.each(['0.01', '0.02', '0.05', '0.1'])('ref %s', (p) => {
  const { config } = loadConfig(`/tmp/zoo19-venv/lib/python3.11/site-packages/mmdet/.mim/configs/soft_teacher/soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-${p}-coco.py`);
  expect(findConfigProblems(config, catalogue)).toEqual([]);
});
