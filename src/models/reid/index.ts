// What tells objects of one class apart.

import type { AnyDefinition } from '../../catalogue/registry';
import { linearReIDHeadDefinition } from './linear-reid-head';

export { BaseReID, baseReIDDefinition } from './base-reid';
export type { ReIDHead } from './reid-head';

export const reidHeads = [linearReIDHeadDefinition] as const satisfies readonly AnyDefinition[];
