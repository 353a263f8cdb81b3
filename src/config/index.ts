// Configs: read (.ts, .json), inherit, override, print.

export { type ConfigObject, type ConfigValue, cloneConfig, isObject } from './data';
export { configRoot, type LoadConfigOptions, type LoadedConfig, listConfigs, loadConfig } from './load-config';
export { type MergeOptions, mergeConfig } from './merge';
export { applyOptions, parseOptionArguments, parseOptionValue } from './options';
export { printConfig } from './print-config';
export { type ReadConfig, readConfigFile } from './read-files';
