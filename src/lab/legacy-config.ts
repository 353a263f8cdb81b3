// Loads configs for recipes: those of MMDetection 1.x and 2.x are translated to 3.x, with a notice. Options that nothing reads
// are refused.

import path from 'node:path';
import { problemsText } from '../catalogue/check-model';
import { checkOptions } from '../catalogue/check-options';
import { noticeLine } from '../catalogue/config-notices';
import {
  applyOptions,
  type ConfigObject,
  type ConfigValue,
  checkSections,
  cloneConfig,
  isLegacyConfig,
  isObject,
  LEGACY_KEYS,
  type LoadConfigOptions,
  type LoadedConfig,
  loadConfig,
  type MigratedConfig,
  migrateConfig,
  parseOptionArguments,
} from '../config';
import { DetLabError } from '../errors';
import { catalogue } from './catalogue';
import { withModelFiles } from './model-files';
import { unreadSettings } from './unread-settings';

type Options = Record<string, ConfigValue>;

/**
 * A config by name or path, translated if it is of MMDetection 1.x or 2.x; options may be of either version.
 * @throws DetLabError for an option, or a key of a TypeScript config, that nothing reads
 */
export function loadTranslated(
  nameOrPath: string,
  given: Options | readonly string[] = {},
  notice: (line: string) => void,
): LoadedConfig {
  const options = Array.isArray(given) ? parseOptionArguments(given) : (given as Options);
  const loaded = loadConfig(nameOrPath, { options });
  for (const line of loaded.notices) notice(line);
  const newer = pick(options, (path) => !isLegacyOption(path));
  if (!isLegacyConfig(loaded.config)) {
    const { config: migrated, changes } = migrateConfig(loaded.config);
    const renamed = changes.flatMap((change) => change.notice ?? []);
    for (const line of renamed) notice(line);
    checkSections(migrated, nameOrPath);
    const { problems, notices } = checkLoaded(nameOrPath, loaded, { options });
    if (problems.length > 0) throw new DetLabError(problemsText(`Cannot use ${nameOrPath}`, problems));
    const lines = [...loaded.notices, ...renamed, ...notices.map(noticeLine)];
    const folders = loaded.files.map((file) => path.dirname(file));
    return { ...loaded, config: withModelFiles(withPreprocessor(migrated), folders), notices: lines };
  }
  // options of 3.x are applied after the translation
  const legacy = loadConfig(nameOrPath, { options: pick(options, isLegacyOption) });
  const { config, ...migration } = migrateConfig(legacy.config);
  const lines = translationNotice(nameOrPath, migration);
  for (const line of lines) notice(line);
  const changed = applyOptions(config, newer);
  checkOptions(Object.keys(newer), config, changed, catalogue);
  return { ...loaded, config: changed, notices: [...loaded.notices, ...lines] };
}

/**
 * What a config of 3.x sets and nothing reads.
 * @param settings with which it was loaded
 * @throws DetLabError for options that nothing reads
 */
export function checkLoaded(
  nameOrPath: string,
  loaded: LoadedConfig,
  settings: LoadConfigOptions,
): ReturnType<typeof unreadSettings> {
  if (isLegacyConfig(loaded.config)) return { problems: [], notices: [] };
  const { options: given = {} } = settings;
  const paths = Object.keys(Array.isArray(given) ? parseOptionArguments(given) : given);
  const plain = paths.length === 0 ? loaded : loadConfig(nameOrPath, { ...settings, options: undefined });
  checkOptions(paths, plain.config, loaded.config, catalogue);
  return unreadSettings(plain);
}

/** A config object, translated if it is of MMDetection 1.x or 2.x. */
export function translated(config: ConfigObject, notice: (line: string) => void): ConfigObject {
  const { config: migrated, ...migration } = migrateConfig(config);
  for (const { notice: line } of migration.changes) if (line) notice(line);
  if (migration.dialect !== '3.x') for (const line of translationNotice('this config', migration)) notice(line);
  checkSections(migrated, 'this config');
  return withModelFiles(withPreprocessor(migrated));
}

/** As mmengine's Runner, gives a model without data_preprocessor that of the config's top. */
function withPreprocessor(config: ConfigObject): ConfigObject {
  const { data_preprocessor: preprocessor, model } = config;
  if (!isObject(preprocessor) || !isObject(model) || model.data_preprocessor !== undefined) return config;
  return { ...config, model: { ...model, data_preprocessor: cloneConfig(preprocessor) } };
}

const isLegacyOption = (path: string): boolean =>
  LEGACY_KEYS.some((key) => path === key || path.startsWith(`${key}.`)) || path === 'model.pretrained';

const pick = (options: Options, includes: (path: string) => boolean): Options =>
  Object.fromEntries(Object.entries(options).filter(([path]) => includes(path)));

function translationNotice(name: string, { dialect, changes, left }: Omit<MigratedConfig, 'config'>): string[] {
  const file = name === 'this config' ? 'OLD.py' : name;
  return [
    `${name} is written for MMDetection ${dialect} and is read as 3.x (${changes.length} changes). To review and save the translation: detlab config migrate ${file} -o NEW.ts`,
    ...left.map(({ path, advice }) => `not translated: ${path}: ${advice}`),
  ];
}
