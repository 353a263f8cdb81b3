// Every data preprocessor of the catalogue.

import type { AnyDefinition } from '../../catalogue/registry';
import { detDataPreprocessor, ppyoloeDetDataPreprocessor, yolov5DetDataPreprocessor } from './det-data-preprocessor';

export { DetDataPreprocessor, type DetDataPreprocessorOptions, detDataPreprocessor } from './det-data-preprocessor';

export const dataPreprocessors = [
  detDataPreprocessor,
  yolov5DetDataPreprocessor,
  ppyoloeDetDataPreprocessor,
] as const satisfies readonly AnyDefinition[];
