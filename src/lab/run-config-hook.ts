// Writes what a run is into its folder, as mmengine's Runner dumps its config: `config.json`, the config with the options of
// `fit` in their places, and `run.json`, what a config does not say. `runs()` reads both back.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ConfigObject, type ConfigValue, cloneConfig, isObject, printConfig } from '../config';
import { freezingText } from '../training/freezing';
import type { TrainHook } from '../training/hooks/hook';
import { PRIORITIES } from '../training/hooks/priority';
import type { TrainRun } from '../training/train-run';
import type { RecipeSpec } from './build-model';
import { objectAt } from './config-access';
import type { RunPlan } from './plan';
import type { Provenance } from './provenance';

/** What `run.json` holds. */
export interface RunRecord {
  name: string;
  classes: readonly string[];
  /** Name of the data. */
  data: string;
  unit: 'epoch' | 'iteration';
  /** Epochs or iterations of the whole run. */
  total: number;
  seed: number;
  precision?: string;
  freezing: string[];
  /** Versions, machine and git state. */
  environment?: Provenance;
  /** ISO time at which it was started, or gone on with. */
  started: string;
}

export const CONFIG_FILE = 'config.json';
export const RECORD_FILE = 'run.json';

export class RunConfigHook implements TrainHook {
  readonly name = 'RunConfigHook';
  /** Before anything that takes long. */
  priority: number = PRIORITIES.HIGHEST;

  constructor(
    private readonly spec: RecipeSpec,
    private readonly plan: RunPlan,
    private readonly about: Pick<RunRecord, 'classes' | 'data' | 'environment'>,
  ) {}

  /** The folder is this run's by then. */
  beforeRun({ workDir }: TrainRun): void {
    if (workDir === undefined) return;
    const { spec, plan, about } = this;
    const { loop, seed, precision } = plan;
    const record: RunRecord = {
      name: spec.name,
      ...about,
      unit: loop.unit,
      total: loop.total,
      seed,
      ...(precision && { precision }),
      freezing: spec.freezing.map(
        (rule) => `${rule.frozen ? 'frozen' : 'trained'} from ${rule.epoch ?? 1}: ${freezingText(rule)}`,
      ),
      started: new Date().toISOString(),
    };
    writeFileSync(path.join(workDir, RECORD_FILE), `${JSON.stringify(record, null, 1)}\n`);
    writeFileSync(path.join(workDir, CONFIG_FILE), printConfig(effectiveConfig(spec, plan), 'json'));
  }
}

/** The config whose `fit` without options is this run. */
export function effectiveConfig(spec: RecipeSpec, plan: RunPlan): ConfigObject {
  const config = cloneConfig(spec.config);
  const { loop, seed, batchSize, optimWrapper, paramScheduler } = plan;
  config.train_cfg = {
    ...objectAt(config, 'train_cfg'),
    [loop.unit === 'epoch' ? 'max_epochs' : 'max_iters']: loop.total,
  };
  config.optim_wrapper = optimWrapper as ConfigObject;
  config.param_scheduler = paramScheduler as ConfigValue[] as ConfigObject[];
  config.randomness = { ...objectAt(config, 'randomness'), seed };
  const loader = objectAt(config, 'train_dataloader');
  const { sampler } = loader;
  const ofSampler = isObject(sampler) && 'batch_size' in sampler && { sampler: { ...sampler, batch_size: batchSize } };
  config.train_dataloader = { ...loader, batch_size: batchSize, ...ofSampler };
  if (spec.loadFrom) config.load_from = spec.loadFrom.file;
  return config;
}
