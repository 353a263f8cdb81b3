// The sections of a config of 3.x: what each has to be.

import { DetLabError, nameOfValue } from '../errors';
import { type ConfigObject, type ConfigValue, isObject } from './data';

/** Sections that are an object, where they are given at all. */
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
 * @throws DetLabError for a section that is no object, with what made it a list
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
    ? ` In Python a comma behind dict(...) makes a tuple of it: take away the one behind ${key} = dict(...)`
    : '';
