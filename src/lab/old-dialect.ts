// A config as a recipe takes it: one of MMDetection 1.x or 2.x is read in the words of 3.x, which is said in a line.

import {
  applyOptions,
  type ConfigObject,
  type ConfigValue,
  checkSections,
  isOldConfig,
  type LoadedConfig,
  loadConfig,
  type MigratedConfig,
  migrateConfig,
  OLD_KEYS,
  parseOptionArguments,
} from '../config';

type Options = Record<string, ConfigValue>;

/** A config by name or path, translated where it is of an old dialect; options may be of either. */
export function loadTranslated(
  nameOrPath: string,
  given: Options | readonly string[] = {},
  notice: (line: string) => void,
): LoadedConfig {
  const options = Array.isArray(given) ? parseOptionArguments(given) : (given as Options);
  const loaded = loadConfig(nameOrPath, { options });
  for (const line of loaded.notices) notice(line);
  if (!isOldConfig(loaded.config)) {
    const { config } = migrateConfig(loaded.config);
    checkSections(config, nameOrPath);
    return { ...loaded, config };
  }
  // what is said in the words of 3.x is meant for the translation
  const old = loadConfig(nameOrPath, { options: pick(options, isOldOption) });
  const { config, ...told } = migrateConfig(old.config);
  for (const line of translationNotice(nameOrPath, told)) notice(line);
  return {
    ...loaded,
    config: applyOptions(
      config,
      pick(options, (path) => !isOldOption(path)),
    ),
  };
}

/** A config object, translated where it is of an old dialect. */
export function translated(config: ConfigObject, notice: (line: string) => void): ConfigObject {
  const { config: now, ...told } = migrateConfig(config);
  if (told.dialect !== '3.x') for (const line of translationNotice('this config', told)) notice(line);
  checkSections(now, 'this config');
  return now;
}

const isOldOption = (path: string): boolean =>
  OLD_KEYS.some((key) => path === key || path.startsWith(`${key}.`)) || path === 'model.pretrained';

const pick = (options: Options, wanted: (path: string) => boolean): Options =>
  Object.fromEntries(Object.entries(options).filter(([path]) => wanted(path)));

function translationNotice(name: string, { dialect, changes, left }: Omit<MigratedConfig, 'config'>): string[] {
  const file = name === 'this config' ? 'OLD.py' : name;
  return [
    `${name} is written for MMDetection ${dialect} and is read as 3.x (${changes.length} changes). To see and keep them: detlab config migrate ${file} -o NEW.ts`,
    ...left.map(({ path, advice }) => `not translated: ${path}: ${advice}`),
  ];
}
