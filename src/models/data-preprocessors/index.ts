// Every data preprocessor of the catalogue.

import type { AnyDefinition } from '../../registry';
import { detDataPreprocessor } from './det-data-preprocessor';

export { DetDataPreprocessor, type DetDataPreprocessorOptions, detDataPreprocessor } from './det-data-preprocessor';

export const dataPreprocessors = [detDataPreprocessor] as const satisfies readonly AnyDefinition[];
