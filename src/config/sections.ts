// The sections of a 3.x config that must be objects.

import { DetLabError, nameOfValue } from '../errors';
import { type ConfigObject, type ConfigValue, isObject } from './data';

/** Optional sections that must be objects. */
const OBJECTS = [
  'model',
  'train_dataloader',
  'val_dataloader',
  'test_dataloader',
  'train_cfg',
  'val_cfg',
  'test_cfg',
  'optim_wrapper',
  'default_hooks',
  'env_cfg',
  'log_processor',
  'visualizer',
  'auto_scale_lr',
  'custom_imports',
];
/**
 * @param name of the config, for the message
 * @throws DetLabError for a section that is not an object, with the likely cause
 */
export function checkSections(config: ConfigObject, name: string): void {
  for (const key of OBJECTS) {
    const value = config[key];
    if (value === undefined || value === null || isObject(value)) continue;
    throw new DetLabError(
      `Cannot use ${key} of ${name}: expected dict(...), received ${nameOfValue(value)}.${comma(key, value)}`,
    );
  }
}

const comma = (key: string, value: ConfigValue): string =>
  Array.isArray(value) && value.length === 1 && isObject(value[0])
    ? ` In Python a comma after dict(...) makes it a tuple: remove the comma after ${key} = dict(...)`
    : '';
