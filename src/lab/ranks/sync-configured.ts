// `sync_bn` of a config: in a run of several processes, all batch norms see the batches of all of them.

import type { ConfigObject } from '../../config';
import type { Detector } from '../../models/types';
import { BatchNorm2d } from '../../nn/batch-norm2d';

/** Makes SyncBN of every batch norm, where the config says so. */
export function syncConfigured(detector: Detector, config: ConfigObject): void {
  if (config.sync_bn !== 'torch' && config.sync_bn !== 'mmcv') return;
  for (const [, module] of detector.modules()) if (module instanceof BatchNorm2d) module.synced = true;
}
