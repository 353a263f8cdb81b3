// Builds the hooks of a config: `default_hooks` by name, `custom_hooks` in order. Options that count epochs are scaled with
// the run, like the schedule. Hooks that are not implemented are left out; `checkRun` reports them.

import { withStandardTypes } from '../catalogue/config-schema';
import type { ModuleConfig } from '../catalogue/registry';
import { scopeOf } from '../catalogue/type-origins';
import { type ConfigObject, isObject } from '../config';
import { DetLabError } from '../errors';
import { CheckpointHook, type CheckpointOptions } from '../training/hooks/checkpoint-hook';
import type { DefaultHooks } from '../training/hooks/default-hooks';
import { scaleEpochs } from '../training/hooks/epoch-count';
import type { PipelineChange, TrainHook } from '../training/hooks/hook';
import { PRIORITIES, priorityValue } from '../training/hooks/priority';
import { catalogue } from './catalogue';
import { modulesAt, objectAt } from './config-access';

export interface ConfiguredHooks {
  defaultHooks: DefaultHooks;
  hooks: TrainHook[];
  /** Changes of the pipeline during the run. */
  pipelineChanges: PipelineChange[];
}

/** Settings of the run; they override the config. */
export interface HookSettings {
  /** Epochs (or iterations) of the run, and those of the config. */
  total: number;
  configured: number;
  checkpoint?: CheckpointOptions;
  logInterval?: number;
}

/** The default hooks, with the options used unless the config specifies them. */
const STANDARD: Record<keyof DefaultHooks, ModuleConfig> = {
  timer: { type: 'IterTimerHook' },
  logger: { type: 'LoggerHook', interval: 50 },
  param_scheduler: { type: 'ParamSchedulerHook' },
  checkpoint: { type: 'CheckpointHook' },
};

const NAMES = Object.keys(STANDARD);

/** @param notices receives messages to the user */
export function configuredHooks(config: ConfigObject, settings: HookSettings, notices: string[]): ConfiguredHooks {
  const { configured, total } = settings;
  const pipelineChanges: PipelineChange[] = [];
  const registry = catalogue.scoped(scopeOf(config));
  const build = (hook: ModuleConfig, path: string): TrainHook => {
    const { options, type } = registry.get('hook', hook.type, path, hook);
    const built = registry.build('hook', scaleEpochs(hook, options, total, configured), { path });
    if (typeof hook.priority === 'string' || typeof hook.priority === 'number')
      built.priority = priorityValue(hook.priority);
    const change = built.pipelineChange?.(total);
    if (change) {
      pipelineChanges.push(change);
      const effect = change.kind === 'replace' ? 'the pipeline changes' : `${change.types.join(', ')} are skipped`;
      if (change.from < total) notices.push(`${effect} from epoch ${change.from + 1} on (${type})`);
    }
    return built;
  };
  const known = (hook: ModuleConfig, path: string) => (catalogue.find('hook', hook.type) ? [build(hook, path)] : []);
  const defaults = objectAt(withStandardTypes(config) as ConfigObject, 'default_hooks');
  // hooks under other names are hooks like any other, as in mmengine
  const named = Object.entries(defaults).flatMap(([name, hook]) =>
    NAMES.includes(name) || !isObject(hook) ? [] : known(hook as ModuleConfig, `default_hooks.${name}`),
  );
  const custom = modulesAt(config, 'custom_hooks').flatMap((hook, i) => known(hook, `custom_hooks.${i}`));
  const hooks = [...named, ...custom];
  const { checkpoint, logInterval } = settings;
  // null switches a default hook off, unless options of the run are for it
  const requested = [...(checkpoint ? ['checkpoint'] : []), ...(logInterval === undefined ? [] : ['logger'])];
  const defaultHook = (name: keyof DefaultHooks, overrides: Record<string, unknown> = {}): TrainHook => {
    if (defaults[name] === null && !requested.includes(name))
      return { name: `no ${name} hook`, priority: PRIORITIES.NORMAL };
    const given = objectAt(config, `default_hooks.${name}`);
    const standard = STANDARD[name];
    const { type = standard.type } = given;
    const path = `default_hooks.${name}`;
    if (typeof type === 'string' && !catalogue.find('hook', type)) return build({ ...standard, ...overrides }, path);
    const isStandard = typeof type === 'string' && catalogue.get('hook', type, path).type === standard.type;
    return build({ ...(isStandard && standard), ...given, ...overrides, type: String(type) }, path);
  };
  return {
    defaultHooks: {
      timer: defaultHook('timer'),
      logger: defaultHook('logger', logInterval === undefined ? {} : { interval: logInterval }),
      param_scheduler: defaultHook('param_scheduler'),
      checkpoint: withOptions(defaultHook('checkpoint'), checkpoint),
    },
    hooks,
    pipelineChanges,
  };
}

function withOptions(hook: TrainHook, options: CheckpointOptions | undefined): TrainHook {
  if (!options) return hook;
  if (!(hook instanceof CheckpointHook))
    throw new DetLabError(
      `Cannot apply the option "checkpoint" of fit: expected CheckpointHook as default_hooks.checkpoint, received ${hook.name}`,
    );
  const changed = new CheckpointHook({ ...hook.options, ...options });
  changed.priority = hook.priority;
  return changed;
}
