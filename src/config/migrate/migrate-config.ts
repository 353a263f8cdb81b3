// A config written for MMDetection 1.x or 2.x in the words of 3.x, with a list of what became what.

import { type ConfigObject, cloneConfig, isObject } from '../data';
import { type Change, Changes } from './changes';
import { migrateData } from './datasets';
import { migrateModel } from './model';
import type { Preprocessing } from './pipeline';
import { migrateSchedule } from './schedule';

export interface MigratedConfig {
  config: ConfigObject;
  /** Empty for a config that is of 3.x already. */
  changes: Change[];
}

const OLD_KEYS = [
  'data',
  'optimizer',
  'optimizer_config',
  'lr_config',
  'runner',
  'total_epochs',
  'evaluation',
  'checkpoint_config',
  'log_config',
  'fp16',
  'resume_from',
];

/** Whether a config has keys that only 1.x and 2.x know. */
export const isOldConfig = (config: ConfigObject): boolean =>
  OLD_KEYS.some((key) => config[key] !== undefined) ||
  (isObject(config.model) && config.model.pretrained !== undefined);

/** `config` itself is not changed. */
export function migrateConfig(config: ConfigObject): MigratedConfig {
  const migrated = cloneConfig(config);
  const changes = new Changes();
  if (!isOldConfig(migrated)) return { config: migrated, changes: [] };
  const preprocessing: Preprocessing = {};
  migrateData(migrated, changes, preprocessing);
  migrateModel(migrated, preprocessing, changes);
  migrateSchedule(migrated, changes);
  const imports = migrated.custom_imports;
  if (isObject(imports) && Array.isArray(imports.imports) && imports.imports.includes('mmcls.models')) {
    imports.imports = imports.imports.map((name) => (name === 'mmcls.models' ? 'mmpretrain.models' : name));
    changes.note('custom_imports mmcls.models', 'mmpretrain.models');
  }
  if (isObject(migrated.img_norm_cfg)) {
    delete migrated.img_norm_cfg;
    changes.note('img_norm_cfg', 'model.data_preprocessor');
  }
  if (isObject(migrated.model)) migrated.default_scope ??= 'mmdet';
  return { config: migrated, changes: changes.list };
}
