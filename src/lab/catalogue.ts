// The whole catalogue: models, datasets, transforms, metrics, optimizers and schedules in one registry. Users add modules
// with `register` (register.ts).

import { Registry } from '../catalogue/registry';
import { DATASETS, TRANSFORMS } from '../data';
import { METRICS } from '../evaluation';
import { createRegistry } from '../models/catalogue';
import { trainingModules } from '../training/training-modules';
import { detVisualizationHookDefinition } from './det-visualization-hook';
import { groundingVisualizationHookDefinition } from './grounding-visualization-hook';
import { profilerHookDefinition } from './profiler-hook';
import { trackVisualizationHookDefinition } from './track-visualization-hook';
import './built-in-configs'; // their types

/** All modules, by kind and type name. */
export const catalogue: Registry = new Registry([
  ...createRegistry().all(),
  ...DATASETS,
  ...TRANSFORMS,
  ...METRICS,
  ...trainingModules,
  profilerHookDefinition,
  detVisualizationHookDefinition,
  groundingVisualizationHookDefinition,
  trackVisualizationHookDefinition,
]);
