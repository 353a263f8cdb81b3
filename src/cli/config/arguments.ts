// Options of all `detlab config` commands.

import { type LoadConfigOptions, loadConfig, loadDict, parsePackageRoots } from '../../config';
import { checkLoaded } from '../../lab/legacy-config';

export interface ConfigArguments {
  json?: boolean;
  cfgOptions?: string[];
  configRoot?: string[];
}

export function loadSettings({ cfgOptions, configRoot }: ConfigArguments): LoadConfigOptions {
  return { options: cfgOptions, packages: configRoot && parsePackageRoots(configRoot) };
}

/**
 * A config with Python's types, its options checked.
 * @throws DetLabError for options that nothing reads, besides the errors of reading
 */
export function loadChecked(file: string, settings: LoadConfigOptions): ReturnType<typeof loadDict> {
  if (settings.options?.length) checkLoaded(file, loadConfig(file, settings), settings);
  return loadDict(file, settings);
}
