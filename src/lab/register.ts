// `register(definition)`: adds a module of the user's to the catalogue.

import type { AnyDefinition } from '../catalogue/registry';
import { addUserModule } from './user-modules';

/**
 * Adds a module; a later definition of the same type replaces an earlier one. A backbone, neck or dense head is run on a
 * small input when a model is built of it, and refused where it differs from its `outputs`.
 *
 * @example register(defineModule({ kind: 'neck', type: 'MyNeck', summary: '...', example: '...', options, build }));
 */
export function register(definition: AnyDefinition): void {
  addUserModule(definition);
}
