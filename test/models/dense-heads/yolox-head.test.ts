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
