// Loads configs for recipes: those of MMDetection 1.x and 2.x are translated to 3.x, with a notice.

import {
  applyOptions,
  type ConfigObject,
  type ConfigValue,
  checkSections,
  isLegacyConfig,
  LEGACY_KEYS,
  type LoadedConfig,
  loadConfig,
  type MigratedConfig,
  migrateConfig,
  parseOptionArguments,
} from '../config';

type Options = Record<string, ConfigValue>;

/** A config by name or path, translated if it is of MMDetection 1.x or 2.x; options may be of either version. */
export function loadTranslated(
  nameOrPath: string,
  given: Options | readonly string[] = {},
  notice: (line: string) => void,
): LoadedConfig {
  const options = Array.isArray(given) ? parseOptionArguments(given) : (given as Options);
  const loaded = loadConfig(nameOrPath, { options });
  for (const line of loaded.notices) notice(line);
  if (!isLegacyConfig(loaded.config)) {
    const { config } = migrateConfig(loaded.config);
    checkSections(config, nameOrPath);
    return { ...loaded, config };
  }
  // options of 3.x are applied after the translation
  const legacy = loadConfig(nameOrPath, { options: pick(options, isLegacyOption) });
  const { config, ...migration } = migrateConfig(legacy.config);
  for (const line of translationNotice(nameOrPath, migration)) notice(line);
  return {
    ...loaded,
    config: applyOptions(
      config,
      pick(options, (path) => !isLegacyOption(path)),
    ),
  };
}

/** A config object, translated if it is of MMDetection 1.x or 2.x. */
export function translated(config: ConfigObject, notice: (line: string) => void): ConfigObject {
  const { config: migrated, ...migration } = migrateConfig(config);
  if (migration.dialect !== '3.x') for (const line of translationNotice('this config', migration)) notice(line);
  checkSections(migrated, 'this config');
  return migrated;
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
