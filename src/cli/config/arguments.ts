// Options of all `detlab config` commands.

import { type LoadConfigOptions, parsePackageRoots } from '../../config';

export interface ConfigArguments {
  json?: boolean;
  cfgOptions?: string[];
  configRoot?: string[];
}

export function loadSettings({ cfgOptions, configRoot }: ConfigArguments): LoadConfigOptions {
  return { options: cfgOptions, packages: configRoot && parsePackageRoots(configRoot) };
}
