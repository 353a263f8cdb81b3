// YOLOXHead through the epochs of its schedule.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { YOLOXHead } from '../../../src/models/dense-heads';
import { buildHead } from './build-head';

beforeAll(async () => void (await startEngine()));

test('the closing epochs add the L1 loss, which is reported once', () => {
  const entropy = { type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'sum' };
  const head = buildHead({ type: 'YOLOXHead', loss_cls: entropy }) as YOLOXHead;
  expect(head.onEpoch({ epoch: 0, closing: false })).toEqual([]);
  expect(head.useL1).toBe(false);
  expect(head.onEpoch({ epoch: 1, closing: true })).toEqual(['loss_l1 added']);
  expect(head.onEpoch({ epoch: 2, closing: true })).toEqual([]);
  expect(head.useL1).toBe(true);
  head.dispose();
});

test('what selects the detections of other heads is taken without effect', () => {
  const selection = { score_thr: 0.1, nms: { type: 'nms', iou_threshold: 0.6 } };
  const loss_cls = { type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'sum' };
  const test_cfg = { ...selection, nms_pre: 1000, min_bbox_size: 0, max_per_img: 100 };
  const head = buildHead({ type: 'YOLOXHead', loss_cls, test_cfg }) as YOLOXHead;
  expect(head.selection.cfg).toEqual(selection);
  head.dispose();
});
