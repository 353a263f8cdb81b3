// StandardRoIHead: its parts. Losses and detections are compared with the reference in faster-rcnn.test.ts and
// mask-rcnn.test.ts of ../detectors/two-stage-detector.

import { beforeAll, expect, test } from 'vitest';
import { plainBackend } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';

beforeAll(plainBackend);

test('a shared head reads what the extractor pools', () => {
  const config = {
    type: 'StandardRoIHead',
    bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
    shared_head: { type: 'ResLayer', depth: 18 },
    bbox_head: { type: 'BBoxHead' },
  };
  const inputs = [{ stride: 16, channels: 8 }];
  expect(() => createRegistry().build('roi_head', config, { path: 'roi_head', inputs, numClasses: 2 })).toThrow(
    /at roi_head.shared_head: stage 3 of depth 18 reads 256 channels, but RoIs are pooled with 8/,
  );
});
