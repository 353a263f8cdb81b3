// Distillers, and what they are made of.

import type { AnyDefinition } from '../../catalogue/registry';
import { configurableDistillerDefinition } from './configurable-distiller';
import { convModuleConnectorDefinition } from './conv-module-connector';
import { normConnectorDefinition } from './norm-connector';
import { recorders } from './recorders';

export { ConfigurableDistiller } from './configurable-distiller';

export const distillers = [
  configurableDistillerDefinition,
  ...recorders,
  convModuleConnectorDefinition,
  normConnectorDefinition,
] as const satisfies readonly AnyDefinition[];
