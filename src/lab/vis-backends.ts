// The vis_backends of a config: LocalVisBackend where it names none.

import type { ModuleConfig } from '../catalogue/registry';
import { type ConfigObject, pairsAsTuples, printDict } from '../config';
import { VisBackendsHook } from '../training/hooks/vis-backends-hook';
import type { VisBackend } from '../training/record/vis-backend';
import { catalogue } from './catalogue';
import { modulesAt } from './config-access';

/** @returns those that a config names and DetLab has, or the standard one */
export function configuredBackends(config: ConfigObject): VisBackend[] {
  const named = modulesAt(config, 'visualizer.vis_backends');
  const known = named.flatMap((backend, i) => {
    const path = `visualizer.vis_backends.${i}`;
    return catalogue.find('vis_backend', backend.type) ? [catalogue.build('vis_backend', backend, { path })] : [];
  });
  const standard: ModuleConfig = { type: 'LocalVisBackend' };
  return named.length > 0 ? known : [catalogue.build('vis_backend', standard, { path: 'visualizer' })];
}

/** A config as backends keep it. */
export const recordedConfig = (settings: ConfigObject) => ({
  settings,
  config: printDict(pairsAsTuples(settings), 'py'),
});

/**
 * @param effective the config whose `fit` without options is the run
 * @returns a hook that hands them the scalars of a run; those that DetLab lacks are left out, as `checkRun` reports
 */
export function visBackendsHook(config: ConfigObject, effective: () => ConfigObject): VisBackendsHook {
  return new VisBackendsHook(configuredBackends(config), () => recordedConfig(effective()));
}
