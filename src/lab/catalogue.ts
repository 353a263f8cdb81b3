// The whole catalogue: models, transforms, metrics, optimizers and schedules in one registry. A notebook adds its own
// modules to it with `register`.

import { type AnyDefinition, Registry } from '../catalogue/registry';
import { DATASETS, TRANSFORMS } from '../data';
import { METRICS } from '../evaluation';
import { createRegistry } from '../models/catalogue';
import { trainingModules } from '../training/training-modules';
import './built-in-configs'; // their types

/** Every module the lab knows by name. */
export const catalogue: Registry = new Registry([
  ...createRegistry().all(),
  ...DATASETS,
  ...TRANSFORMS,
  ...METRICS,
  ...trainingModules,
]);

/**
 * Adds a module of your own; run again, it takes the place of the first.
 *
 * @example register(defineModule({ kind: 'neck', type: 'MyNeck', summary: '...', example: '...', options, build }));
 */
export function register(definition: AnyDefinition): void {
  catalogue.add(definition);
}
