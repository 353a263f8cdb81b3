// Translates a config of MMDetection 1.x or 2.x to 3.x, with a list of the changes.

import { type ConfigObject, cloneConfig, isObject } from '../data';
import { type Change, Changes, type Left, take, takeObject } from './changes';
import { migrateData, migratePipelines, needsMasks } from './data-loaders';
import { isFirstDialect, isLegacyConfig } from './dialect';
import { migrateModel, moveSettings, refuseOtherTasks } from './model';
import { migrateOptimizer } from './optim-wrapper';
import { migrateLearningRate } from './param-scheduler';
import type { PipelineContext } from './pipeline-context';
import { Preprocessing } from './preprocessing';
import { renewModules } from './renamed-options';
import { migrateRuntime } from './runtime';
import { misspeltKeys } from './spelling';
import { augmentedModel } from './test-augmentation';
import { migrateLoop } from './training-loop';

export interface MigratedConfig {
  /** The MMDetection version it was written for. */
  dialect: '1.x' | '2.x' | '3.x';
  config: ConfigObject;
  /** Empty for a config of 3.x. */
  changes: Change[];
  /** What could not be translated, each with its path and advice. */
  left: Left[];
}

/**
 * A translated copy of `config`. In a config of 3.x only names of former packages are changed.
 *
 * @throws DetLabError for a config of panoptic or semantic segmentation
 */
export function migrateConfig(config: ConfigObject): MigratedConfig {
  const migrated = cloneConfig(config);
  const changes = new Changes();
  renameImports(migrated, changes);
  const dialect = !isLegacyConfig(migrated) ? '3.x' : isFirstDialect(migrated) ? '1.x' : '2.x';
  if (dialect !== '3.x') translate(migrated, changes);
  else renewModules(migrated, changes);
  return { dialect, config: migrated, changes: changes.list, left: changes.left };
}

function translate(config: ConfigObject, changes: Changes): void {
  refuseOtherTasks(config);
  misspeltKeys(config, changes);
  moveSettings(config, changes);
  const preprocessing = new Preprocessing(changes);
  const context: PipelineContext = {
    changes,
    preprocessing,
    done: new Map(),
    augmented: {},
    masks: needsMasks(config),
  };
  migratePipelines(config, context);
  migrateData(config, context);
  migrateModel(config, preprocessing, changes);
  const evaluation = takeObject(config, 'evaluation', changes) ?? {};
  migrateLoop(config, evaluation, changes);
  migrateOptimizer(config, changes);
  migrateLearningRate(config, changes);
  migrateRuntime(config, evaluation, changes);
  if (take(config, 'img_norm_cfg') !== undefined) changes.note('img_norm_cfg', 'model.data_preprocessor');
  if (isObject(config.model)) {
    config.default_scope ??= 'mmdet';
    const { pipeline } = context.augmented;
    if (pipeline) Object.assign(config, { tta_model: augmentedModel(config.model), tta_pipeline: pipeline });
  }
}

function renameImports(config: ConfigObject, changes: Changes): void {
  const given = config.custom_imports;
  if (!isObject(given) || !Array.isArray(given.imports)) return;
  given.imports = given.imports.map((name) => {
    if (typeof name !== 'string' || !/^mmcls(\.|$)/.test(name)) return name;
    const now = name.replace('mmcls', 'mmpretrain');
    changes.note(`custom_imports ${name}`, now);
    return now;
  });
}
