// Public names of the config folder: reads (.ts, .json, .py), merges, overrides and prints configs.

export type { ConfigName } from './config-names';
export { type ConfigObject, type ConfigValue, cloneConfig, isObject } from './data';
export { diffConfigs } from './diff';
export { type Explanation, explainValue } from './explain';
export { configRoot, findConfig, listConfigs } from './find-config';
export { type LoadConfigOptions, type LoadedConfig, loadConfig, loadDict } from './load-config';
export { type MergeOptions, mergeConfig } from './merge';
export type { Change, Left } from './migrate/changes';
export { isLegacyConfig, LEGACY_KEYS } from './migrate/dialect';
export { type MigratedConfig, migrateConfig } from './migrate/migrate-config';
export { applyOptions, parseOptionArguments, parseOptionValue } from './options';
export { parseConfigValue } from './parse-value';
export { printConfig, printDict } from './print-config';
export { pairsAsTuples } from './python/tuples';
export { type ReadConfig, readConfigFile } from './read-files';
export { type PackageRoots, packageFile, packageRoots, parsePackageRoots } from './roots';
export { checkSections } from './sections';
