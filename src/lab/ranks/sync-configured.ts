// In a run of several processes, all batch norms see the batches of all of them where the config says so: `sync_bn`, or
// `use_syncbn` of a detector, which MMYOLO's has without saying so.

import type { ConfigObject } from '../../config';
import { isObject } from '../../config/data';
import type { Detector } from '../../models/types';
import { BatchNorm2d } from '../../nn/batch-norm2d';

/** Makes SyncBN of every batch norm, where the config says so. */
export function syncConfigured(detector: Detector, config: ConfigObject): void {
  if (config.sync_bn !== 'torch' && config.sync_bn !== 'mmcv' && !usesSyncBn(config.model)) return;
  for (const [, module] of detector.modules()) if (module instanceof BatchNorm2d) module.synced = true;
}

function usesSyncBn(model: ConfigObject[string]): boolean {
  if (!isObject(model)) return false;
  return model.use_syncbn === undefined
    ? /^(mmyolo\.)?YOLODetector$/.test(String(model.type))
    : model.use_syncbn === true;
}
