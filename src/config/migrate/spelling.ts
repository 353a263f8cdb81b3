// Reports misspelt top-level keys of an old config, which would otherwise be taken for variables and lost.

import { nearMisses } from '../../errors';
import type { ConfigObject } from '../data';
import type { Changes } from './changes';
import { LEGACY_KEYS } from './dialect';

const KNOWN = [
  ...LEGACY_KEYS,
  'model',
  'train_cfg',
  'test_cfg',
  'custom_hooks',
  'custom_imports',
  'auto_scale_lr',
  'train_pipeline',
  'test_pipeline',
  'val_pipeline',
  'train_dataloader',
  'test_dataloader',
  'val_dataloader',
  'img_norm_cfg',
];

export function misspeltKeys(config: ConfigObject, changes: Changes): void {
  for (const [key, meant] of nearMisses(config, KNOWN))
    changes.leave(key, `not a key of MMDetection. Did you mean "${meant}"?`);
}
