// The transforms that evaluations use: those of `val_dataloader` during training, those of `test_dataloader` in `detlab test` and
// for predictions.

import type { ModuleConfig } from '../catalogue/registry';
import { type ConfigObject, isObject } from '../config/data';
import { modulesAt, objectAt } from './config-access';

export interface ConfiguredPipeline {
  /** Of the list in the config. */
  path: string;
  steps: ModuleConfig[];
}

/** The path of the dataset inside all wrappers; of several concatenated ones the first. */
function innermost(config: ConfigObject, path: string): string {
  const dataset = objectAt(config, path);
  if (isObject(dataset.dataset)) return innermost(config, `${path}.dataset`);
  return Array.isArray(dataset.datasets) ? innermost(config, `${path}.datasets.0`) : path;
}

/** TransformBroadcaster is about several frames; here each goes through its transforms alone. */
const ofOneFrame = (step: ModuleConfig): ModuleConfig[] =>
  /(^|\.)TransformBroadcaster$/.test(String(step.type)) && Array.isArray(step.transforms)
    ? (step.transforms as ModuleConfig[]).flatMap(ofOneFrame)
    : [step];

/** The pipeline of `part`; that of the other part where it has none. */
export function evaluationPipeline(config: ConfigObject, part: 'val' | 'test'): ConfiguredPipeline {
  const [own, other] = [part, part === 'val' ? 'test' : 'val'].map((name) => {
    const path = `${innermost(config, `${name}_dataloader.dataset`)}.pipeline`;
    return { path, steps: modulesAt(config, path).flatMap(ofOneFrame) };
  });
  return own.steps.length === 0 && other.steps.length > 0 ? other : own;
}
