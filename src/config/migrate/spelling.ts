// Keys at the top of an old config that are one slip away from one that 1.x and 2.x knew: as variables they would say
// nothing, and what was meant by them would be lost.

import { distance } from 'fastest-levenshtein';
import { type ConfigObject, isObject } from '../data';
import type { Changes } from './changes';
import { OLD_KEYS } from './dialect';

const KNOWN = [
  ...OLD_KEYS,
  'model',
  'train_cfg',
  'test_cfg',
  'custom_hooks',
  'custom_imports',
  'load_from',
  'work_dir',
  'log_level',
  'auto_scale_lr',
  'train_pipeline',
  'test_pipeline',
  'val_pipeline',
  'train_dataloader',
  'test_dataloader',
  'val_dataloader',
  'dataset_type',
  'data_root',
  'img_norm_cfg',
];

export function misspeltKeys(config: ConfigObject, changes: Changes): void {
  for (const key of Object.keys(config)) {
    if (KNOWN.includes(key) || !isObject(config[key])) continue;
    const meant = KNOWN.find((known) => known.length > 5 && distance(known, key) <= 2);
    if (meant && config[meant] === undefined)
      changes.leave(key, `means nothing to MMDetection. Did you mean "${meant}"?`);
  }
}
