// The configs of the catalogue's own modules, derived from their definitions. The build writes them out as plain object
// types in this file's place (scripts/setup/module-configs.mjs): the same types, quicker to complete.

import type { ChoiceOf, ModuleConfigOf, OverrideOf } from './config-types';
import type { DATASETS } from './data/datasets/definitions';
import type { TRANSFORMS } from './data/transforms';
import type { METRICS } from './evaluation';
import type { backbones } from './models/backbones';
import type { dataPreprocessors } from './models/data-preprocessors';
import type { denseHeads } from './models/dense-heads';
import type { detectors } from './models/detectors';
import type { positionalEncodings } from './models/layers/positional-encodings';
import type { losses } from './models/losses';
import type { necks } from './models/necks';
import type { roiHeads } from './models/roi-heads';
import type { taskModules } from './models/task-modules';
import type { Kind } from './registry';
import type { trainingModules } from './training/training-modules';

type Definitions =
  | (typeof backbones)[number]
  | (typeof dataPreprocessors)[number]
  | (typeof denseHeads)[number]
  | (typeof detectors)[number]
  | (typeof roiHeads)[number]
  | (typeof losses)[number]
  | (typeof necks)[number]
  | (typeof positionalEncodings)[number]
  | (typeof taskModules)[number]
  | (typeof trainingModules)[number]
  | (typeof DATASETS)[number]
  | (typeof METRICS)[number]
  | (typeof TRANSFORMS)[number];

type BuiltIn<K extends Kind> = Extract<Definitions, { kind: K }>;

/** The type names of a kind: `'FPN' | 'PAFPN'`. */
export type BuiltInName<K extends Kind> = BuiltIn<K>['type'];
/** A whole config. */
export type BuiltInConfig<K extends Kind> = ModuleConfigOf<BuiltIn<K>>;
/** Its `type`, and any of its options. */
export type BuiltInChoice<K extends Kind> = ChoiceOf<BuiltIn<K>>;
/** Any part of it. */
export type BuiltInOverride<K extends Kind> = OverrideOf<BuiltIn<K>>;
