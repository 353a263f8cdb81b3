import { expect, test } from 'vitest';
import type { ConfigObject } from '../../../src/config';
import { syncConfigured } from '../../../src/lab/ranks/sync-configured';
import type { Detector } from '../../../src/models/types';
import { BatchNorm2d, Sequential } from '../../../src/nn';

test.each<[ConfigObject, boolean]>([
  [{}, false],
  [{ sync_bn: 'torch' }, true],
  [{ sync_bn: null, model: { type: 'YOLOX' } }, false],
  [{ model: { type: 'YOLOX', use_syncbn: true } }, true],
  [{ model: { type: 'YOLODetector' } }, true],
  [{ model: { type: 'mmyolo.YOLODetector' } }, true],
  [{ model: { type: 'YOLODetector', use_syncbn: false } }, false],
  [{ model: { type: 'YOLODetector', use_syncbn: false }, sync_bn: 'mmcv' }, true],
])('%o', (config, synced) => {
  const norm = new BatchNorm2d({ channels: 2 });
  syncConfigured(new Sequential([norm]) as unknown as Detector, config);
  expect(norm.synced).toBe(synced);
});
