// What FSAFHead starts from, and what it refuses.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { buildHead, expectStart, SQUARE_ANCHORS } from './build-head';

beforeAll(async () => void (await startEngine()));

const fsaf = { type: 'FSAFHead', anchor_generator: SQUARE_ANCHORS, bbox_coder: { type: 'TBLRBBoxCoder' } };

test('classes start rare, and boxes with a size', () => {
  expectStart(buildHead(fsaf), {
    'cls_convs.0.conv.weight': [0, 0.01],
    'reg_convs.3.conv.weight': [0, 0.01],
    'retina_cls.weight': [0, 0.01],
    'retina_reg.weight': [0, 0.01],
    'retina_cls.bias': [-Math.log(99), 0],
    'retina_reg.bias': [0.25, 0],
    'cls_convs.0.conv.bias': [0, 0],
  });
});

test('losses that mix anchors or classes are refused with both sides named', () => {
  expect(() => buildHead({ ...fsaf, loss_cls: { type: 'CrossEntropyLoss' } })).toThrow(
    /each anchor and class apart.*FocalLoss/,
  );
  expect(() => buildHead({ ...fsaf, loss_bbox: { type: 'GHMR' } })).toThrow(/GHMR/);
});
