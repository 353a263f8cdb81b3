// The vis_backends of a config: LocalVisBackend where it names none.

import type { ModuleConfig } from '../catalogue/registry';
import { type ConfigObject, pairsAsTuples, printDict } from '../config';
import { VisBackendsHook } from '../training/hooks/vis-backends-hook';
import { catalogue } from './catalogue';
import { modulesAt } from './config-access';

/**
 * @param effective the config whose `fit` without options is the run
 * @returns a hook that hands them the scalars of a run; those that DetLab lacks are left out, as `checkRun` reports
 */
export function visBackendsHook(config: ConfigObject, effective: () => ConfigObject): VisBackendsHook {
  const named = modulesAt(config, 'visualizer.vis_backends');
  const known = named.flatMap((backend, i) => {
    const path = `visualizer.vis_backends.${i}`;
    return catalogue.find('vis_backend', backend.type) ? [catalogue.build('vis_backend', backend, { path })] : [];
  });
  const standard: ModuleConfig = { type: 'LocalVisBackend' };
  const backends = named.length > 0 ? known : [catalogue.build('vis_backend', standard, { path: 'visualizer' })];
  return new VisBackendsHook(backends, () => {
    const settings = effective();
    return { settings, config: printDict(pairsAsTuples(settings), 'py') };
  });
}
