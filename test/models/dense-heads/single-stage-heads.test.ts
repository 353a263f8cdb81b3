// Every one-stage head against the reference.

import { beforeAll, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { checkHead } from './check-head';

beforeAll(async () => void (await startEngine()));

test.each([
  'head_retina',
  'ref_head_retina_gn',
  'ref_head_retina_softmax',
  'ref_head_retina_ghm',
  'ref_head_ssd',
  'ref_head_ssdlite',
  'ref_head_yolov8',
  'ref_head_yolov8_single',
  'ref_head_fcos',
  'ref_head_fcos_tricks',
  'ref_head_atss',
  'ref_head_gfl',
  'ref_head_fsaf',
  'ref_head_fsaf_tricks',
  'ref_head_retina_sepbn',
  'ref_head_yolov3',
  'ref_head_yolov3_smooth',
  'ref_head_yolox',
  'ref_head_rtmdet',
  'ref_head_rtmdet_obj',
  'ref_head_rtmdet_sepbn',
  'ref_head_rtmdet_sepbn_own',
])('%s', (name) => checkHead(name));

test('ref_head_yolox_l1', () =>
  checkHead('ref_head_yolox_l1', { prepare: (head) => Object.assign(head, { useL1: true }) }));
