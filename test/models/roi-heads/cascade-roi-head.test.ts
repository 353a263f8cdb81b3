// CascadeRoIHead: its parts. Losses and detections are compared with the reference in
// ../detectors/two-stage-detector/cascade-rcnn.test.ts.

import { beforeAll, expect, test } from 'vitest';
import { plainBackend } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';

const levels = [4, 8, 16, 32, 64].map((stride) => ({ stride, channels: 8 }));
const config = {
  type: 'CascadeRoIHead',
  num_stages: 2,
  stage_loss_weights: [1, 0.5],
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
  bbox_head: { type: 'Shared2FCBBoxHead', fc_out_channels: 4 },
};
const build = (options: object = {}) =>
  createRegistry().build('roi_head', { ...config, ...options }, { path: 'roi_head', inputs: levels, numClasses: 3 });

beforeAll(plainBackend);

test('has one of everything for each stage', () => {
  const head = build();
  expect([...head.named()].map(([name]) => name)).toContain('bbox_head.1.fc_cls.weight');
  expect(head.numClasses).toBe(3);
  head.dispose();
});

test('refuses another number of parts than of stages, and a shared head', () => {
  expect(() => build({ stage_loss_weights: [1] })).toThrow(/stage_loss_weights for each of 2 stages.* received 1/);
  expect(() => build({ bbox_head: [config.bbox_head] })).toThrow(/bbox_head for each of 2 stages/);
  expect(() => build({ shared_head: { type: 'ResLayer', depth: 50 } })).toThrow(/no shared_head/);
});
