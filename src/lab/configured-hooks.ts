// The hooks of a config, built: `default_hooks` in their places, `custom_hooks` in their order. What counts epochs is scaled
// with the run, as the schedule is.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import { DetLabError } from '../errors';
import { CheckpointHook, type CheckpointOptions } from '../training/hooks/checkpoint-hook';
import type { DefaultHooks } from '../training/hooks/default-hooks';
import { scaleEpochs } from '../training/hooks/epoch-count';
import type { PipelineChange, TrainHook } from '../training/hooks/hook';
import { priorityValue } from '../training/hooks/priority';
import { catalogue } from './catalogue';
import { modulesAt, objectAt } from './config-access';

export interface ConfiguredHooks {
  defaultHooks: DefaultHooks;
  hooks: TrainHook[];
  /** Other transforms from an epoch on. */
  pipelineChanges: PipelineChange[];
}

/** What `fit` says of a run, over the config. */
export interface HookSettings {
  /** Epochs (or iterations) of the run, and those of the config. */
  total: number;
  configured: number;
  checkpoint?: CheckpointOptions;
  logInterval?: number;
}

/** The hook of each place, where the config names none. */
const STANDARD: Record<keyof DefaultHooks, ModuleConfig> = {
  timer: { type: 'IterTimerHook' },
  logger: { type: 'LoggerHook', interval: 50 },
  param_scheduler: { type: 'ParamSchedulerHook' },
  checkpoint: { type: 'CheckpointHook' },
};

/** @param notices takes lines a person should read */
export function configuredHooks(config: ConfigObject, settings: HookSettings, notices: string[]): ConfiguredHooks {
  const { configured, total } = settings;
  const pipelineChanges: PipelineChange[] = [];
  const build = (hook: ModuleConfig, path: string): TrainHook => {
    const { options, type } = catalogue.get('hook', hook.type, path);
    const built = catalogue.build('hook', scaleEpochs(hook, options, total, configured), { path });
    if (typeof hook.priority === 'string' || typeof hook.priority === 'number')
      built.priority = priorityValue(hook.priority);
    const change = built.pipelineChange?.(total);
    if (change) {
      pipelineChanges.push(change);
      const what = change.kind === 'replace' ? 'other transforms' : `without ${change.types.join(', ')}`;
      if (change.from < total) notices.push(`${what} from epoch ${change.from + 1} on (${type})`);
    }
    return built;
  };
  const hooks = modulesAt(config, 'custom_hooks').flatMap((hook, i) => {
    if (catalogue.find('hook', hook.type)) return [build(hook, `custom_hooks.${i}`)];
    notices.push(`custom hook "${hook.type}" is not known here and does nothing`);
    return [];
  });
  const place = (name: keyof DefaultHooks, over: Record<string, unknown> = {}): TrainHook => {
    const given = objectAt(config, `default_hooks.${name}`);
    const standard = STANDARD[name];
    const { type = standard.type } = given;
    const path = `default_hooks.${name}`;
    if (typeof type === 'string' && !catalogue.find('hook', type)) {
      notices.push(`${path} "${type}" is not known here: ${standard.type} takes its place`);
      return build({ ...standard, ...over }, path);
    }
    const isStandard = typeof type === 'string' && catalogue.get('hook', type, path).type === standard.type;
    return build({ ...(isStandard && standard), ...given, ...over, type: String(type) }, path);
  };
  const { checkpoint, logInterval } = settings;
  return {
    defaultHooks: {
      timer: place('timer'),
      logger: place('logger', logInterval === undefined ? {} : { interval: logInterval }),
      param_scheduler: place('param_scheduler'),
      checkpoint: withOptions(place('checkpoint'), checkpoint),
    },
    hooks,
    pipelineChanges,
  };
}

function withOptions(hook: TrainHook, options: CheckpointOptions | undefined): TrainHook {
  if (!options) return hook;
  if (!(hook instanceof CheckpointHook))
    throw new DetLabError(
      `Cannot use these options of checkpoints: default_hooks.checkpoint is ${hook.name}, expected CheckpointHook`,
    );
  const changed = new CheckpointHook({ ...hook.options, ...options });
  changed.priority = hook.priority;
  return changed;
}
