// The hooks of a config (`custom_hooks`, `default_hooks.param_scheduler`) as settings of the training loop. Counts of epochs
// are stretched with the run, as the schedule is.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import type { Detector } from '../models/types';
import type { HookPlan } from '../training/hooks/hook';
import type { LearningRatePlan } from '../training/learning-rates';
import type { AveragePlan } from '../training/weight-average';
import { catalogue } from './catalogue';
import { at, modulesAt, numberAt, objectAt } from './config-access';

export interface Switches {
  /** Types of transforms that are left out from epoch `from` (counted from 0) on, when the head learns its L1 loss. */
  mode?: { from: number; skip: string[] };
  /** Other transforms from an epoch on. */
  pipelines: { from: number; pipeline: ModuleConfig[] }[];
}

export interface HookPlans {
  average?: AveragePlan;
  rates?: LearningRatePlan;
  switches: Switches;
}

/** @param notices takes lines a person should read */
export function hookPlans(config: ConfigObject, epochs: number, configured: number, notices: string[]): HookPlans {
  const stretch = (count: number) => Math.floor((count * epochs) / configured);
  const result: HookPlans = { switches: { pipelines: [] } };
  const take = (hook: ModuleConfig, path: string): void => {
    // what the other hooks ask for is done anyway
    const plan = catalogue.build<HookPlan | { does?: undefined }>('hook', hook, { path });
    if (plan.does === 'average') result.average = plan.plan;
    if (plan.does === 'rates') result.rates = plan.plan;
    if (plan.does === 'pipeline') {
      const from = stretch(plan.from);
      result.switches.pipelines.push({ from, pipeline: plan.pipeline });
      if (from < epochs) notices.push(`other transforms from epoch ${from + 1} on (PipelineSwitchHook)`);
    }
    if (plan.does === 'mode') {
      // the epoch before the last ones is among them
      const from = Math.max(epochs - stretch(plan.lastEpochs) - 1, 0);
      result.switches.mode = { from, skip: plan.skip };
      notices.push(`without ${plan.skip.join(', ')} from epoch ${from + 1} on (YOLOXModeSwitchHook)`);
    }
  };
  for (const [i, hook] of modulesAt(config, 'custom_hooks').entries()) {
    if (catalogue.find('hook', hook.type)) take(hook, `custom_hooks.${i}`);
    else notices.push(`custom hook "${hook.type}" is not known here and does nothing`);
  }
  const scheduler = objectAt(config, 'default_hooks.param_scheduler');
  if (typeof scheduler.type === 'string' && catalogue.find('hook', scheduler.type)) {
    const hook = { ...scheduler } as ModuleConfig;
    if (epochs !== configured && typeof hook.max_epochs === 'number')
      hook.max_epochs = Math.max(stretch(hook.max_epochs), 1);
    take(hook, 'default_hooks.param_scheduler');
  }
  return result;
}

/** Epochs between evaluations: `val_interval`, and after some epochs (`dynamic_intervals`) another. */
export function evaluationIntervals(
  config: ConfigObject,
  epochs: number,
  configured: number,
): number | ((epoch: number) => number) {
  const interval = numberAt(config, 'train_cfg.val_interval') ?? 1;
  const given = at(config, 'train_cfg.dynamic_intervals');
  if (!Array.isArray(given)) return interval;
  const milestones = (given as [number, number][]).map(([from, every]) => [
    Math.floor((from * epochs) / configured),
    every,
  ]);
  return (epoch) => milestones.findLast(([from]) => from <= epoch + 1)?.[1] ?? interval;
}

/** Turns the head's L1 loss on where the mode switches, and says so. */
export function modeSwitch(detector: Detector, { mode }: Switches): ((epoch: number) => string[]) | undefined {
  if (!mode) return undefined;
  const { bboxHead } = detector as Detector & { bboxHead?: { useL1?: boolean } };
  return (epoch) => {
    if (bboxHead?.useL1 === undefined) return [];
    const before = bboxHead.useL1;
    bboxHead.useL1 = epoch >= mode.from;
    return bboxHead.useL1 && !before ? [`epoch ${epoch + 1}: ${mode.skip.join(', ')} left out, loss_l1 added`] : [];
  };
}
