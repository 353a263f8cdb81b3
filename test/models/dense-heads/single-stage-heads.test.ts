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
])('%s', (name) => checkHead(name));
