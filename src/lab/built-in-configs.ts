// The config types of the built-in modules, derived from their definitions and declared for the types of configs. The build
// replaces this file by the same types written out as plain object types (scripts/setup/built-in-configs.mjs), which
// editors complete faster.

import type { ChoiceOf, ModuleConfigOf, OverrideOf } from '../catalogue/config-types';
import type { DATASETS } from '../data/datasets/list';
import type { TRANSFORMS } from '../data/transforms';
import type { METRICS } from '../evaluation';
import type { backbones } from '../models/backbones';
import type { dataPreprocessors } from '../models/data-preprocessors';
import type { denseHeads } from '../models/dense-heads';
import type { detectors } from '../models/detectors';
import type { distillers } from '../models/distillers';
import type { languageModels } from '../models/language-models';
import type { positionalEncodings } from '../models/layers/positional-encodings';
import type { losses } from '../models/losses';
import type { maskHeads } from '../models/mask-heads';
import type { necks } from '../models/necks';
import type { reidHeads } from '../models/reid';
import type { roiHeads } from '../models/roi-heads';
import type { segHeads } from '../models/seg-heads';
import type { taskModules } from '../models/task-modules';
import type { testTimeAugs } from '../models/test-time-augs';
import type { trackers } from '../models/trackers';
import type { trackingHeads } from '../models/tracking-heads';
import type { trainingModules } from '../training/training-modules';
import type { detVisualizationHookDefinition } from './det-visualization-hook';
import type { groundingVisualizationHookDefinition } from './grounding-visualization-hook';
import type { profilerHookDefinition } from './profiler-hook';
import type { trackVisualizationHookDefinition } from './track-visualization-hook';

type Definitions =
  | (typeof backbones)[number]
  | (typeof dataPreprocessors)[number]
  | (typeof denseHeads)[number]
  | (typeof detectors)[number]
  | (typeof distillers)[number]
  | (typeof maskHeads)[number]
  | (typeof roiHeads)[number]
  | (typeof segHeads)[number]
  | (typeof languageModels)[number]
  | (typeof losses)[number]
  | (typeof necks)[number]
  | (typeof positionalEncodings)[number]
  | (typeof taskModules)[number]
  | (typeof testTimeAugs)[number]
  | (typeof reidHeads)[number]
  | (typeof trackers)[number]
  | (typeof trackingHeads)[number]
  | (typeof trainingModules)[number]
  | typeof profilerHookDefinition
  | typeof detVisualizationHookDefinition
  | typeof groundingVisualizationHookDefinition
  | typeof trackVisualizationHookDefinition
  | (typeof DATASETS)[number]
  | (typeof METRICS)[number]
  | (typeof TRANSFORMS)[number];

type BuiltInKind = Definitions['kind'];
type BuiltIn<K extends BuiltInKind> = Extract<Definitions, { kind: K }>;

/** The type names of each kind: `'FPN' | 'PAFPN'`. */
export type Names = { [K in BuiltInKind]: BuiltIn<K>['type'] };
/** Whole configs. */
export type Configs = { [K in BuiltInKind]: ModuleConfigOf<BuiltIn<K>> };
/** `type`, and any of the options. */
export type Choices = { [K in BuiltInKind]: ChoiceOf<BuiltIn<K>> };
/** Any of the options, without `type`. */
export type Overrides = { [K in BuiltInKind]: OverrideOf<BuiltIn<K>> };

declare module '../catalogue/module-configs' {
  interface BuiltInNames extends Names {}
  interface BuiltInConfigs extends Configs {}
  interface BuiltInChoices extends Choices {}
  interface BuiltInOverrides extends Overrides {}
}
