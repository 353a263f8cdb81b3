// Configs: read (.ts, .json, .py), inherit, override, print.

export { type ConfigObject, type ConfigValue, cloneConfig, isObject } from './data';
export { diffConfigs } from './diff';
export { type Explanation, explainValue } from './explain';
export {
  configRoot,
  type LoadConfigOptions,
  type LoadedConfig,
  listConfigs,
  loadConfig,
  loadDict,
} from './load-config';
export { type MergeOptions, mergeConfig } from './merge';
export { isOldConfig, type MigratedConfig, migrateConfig } from './migrate/migrate-config';
export { applyOptions, parseOptionArguments, parseOptionValue } from './options';
export { parseConfigValue } from './parse-value';
export { printConfig, printDict } from './print-config';
export { fromPlainObject as toDict } from './python/plain';
export { type ReadConfig, readConfigFile } from './read-files';
export { type PackageRoots, parsePackageRoots } from './roots';
