// Configs by name: today's, those of 2.x, and near misses.

import { expect, test } from 'vitest';
import { listConfigs, loadConfig } from '../../src/config';
import { complaint, scratch } from './scratch';

test.each([
  ['faster_rcnn_r50_fpn_1x_coco', 'faster-rcnn_r50_fpn_1x_coco'],
  ['faster_rcnn_r50_caffe_fpn_mstrain_1x_coco', 'faster-rcnn_r50-caffe_fpn_ms-1x_coco'],
  ['mask_rcnn_r50_fpn_fp16_1x_coco', 'mask-rcnn_r50_fpn_amp-1x_coco'],
  ['detr_r50_8x2_150e_coco', 'detr_r50_8xb2-150e_coco'],
  ['yolox_s_8x8_300e_coco', 'yolox_s_8xb8-300e_coco'],
  ['Faster-RCNN_R50_FPN_1x_COCO', 'faster-rcnn_r50_fpn_1x_coco'],
])('%s is found under its name of today', (old, now) => {
  const { name, notices } = loadConfig(old);
  expect(name).toBe(now);
  expect(notices[0]).toBe(`the config "${old}" was renamed to "${now}"`);
});

test('a name of today is told nothing', () => {
  expect(loadConfig('faster-rcnn_r50_fpn_1x_coco').notices).toEqual([]);
});

test('a near miss suggests, nearest first; far off, the pattern is told', () => {
  expect(complaint(() => loadConfig('faster-rcnn_r50_fpm_1x_coco'))).toMatch(
    /Did you mean "faster-rcnn_r50_fpn_1x_coco"\? `detlab configs` lists all \d+$/,
  );
  expect(complaint(() => loadConfig('faster-rcnn_resnet50_1x_coco'))).toMatch(
    /Did you mean "faster-rcnn_[\w-]+" or "[\w-]+" or "[\w-]+"\?/,
  );
  expect(complaint(() => loadConfig('x'))).toMatch(
    /no config has this name (under|among) .*Names are \{algorithm\}_\{components\}_\{settings\}_\{data\}; `detlab configs`/,
  );
  expect(complaint(() => loadConfig('faster_rcnn/faster_rcnn_r50_fpn_1x_coco.py'))).toMatch(
    /no such file.*Did you mean "faster-rcnn_r50_fpn_1x_coco"/,
  );
});

test('two new names for one old one are both told', () => {
  const folder = scratch({ 'a-b_1x_coco.py': 'a = 1', 'a_b-1x_coco.py': 'a = 1' });
  expect(complaint(() => loadConfig('a_b_1x_coco', { roots: [folder] }))).toMatch(
    /Did you mean "a-b_1x_coco" or "a_b-1x_coco"\?/,
  );
  expect(listConfigs([folder]).size).toBe(2);
});
