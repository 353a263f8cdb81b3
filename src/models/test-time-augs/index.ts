// Every model of test-time augmentation of the catalogue.

import type { AnyDefinition } from '../../catalogue/registry';
import { DetTTAModel } from './det-tta-model';

export { DetTTAModel, type View, type ViewMerger } from './det-tta-model';

export const testTimeAugs = [DetTTAModel] as const satisfies readonly AnyDefinition[];
