// Every data preprocessor of the catalogue.

import type { AnyDefinition } from '../../catalogue/registry';
import { boxInstDataPreprocessor } from './boxinst-data-preprocessor';
import { clsDataPreprocessors } from './cls-data-preprocessor';
import { detDataPreprocessor, ppyoloeDetDataPreprocessor, yolov5DetDataPreprocessor } from './det-data-preprocessor';
import { multiBranchDataPreprocessor } from './multi-branch-data-preprocessor';
import { trackDataPreprocessor } from './track-data-preprocessor';

export { BoxInstDataPreprocessor } from './boxinst-data-preprocessor';
export { DetDataPreprocessor, type DetDataPreprocessorOptions, detDataPreprocessor } from './det-data-preprocessor';

export const dataPreprocessors = [
  multiBranchDataPreprocessor,
  detDataPreprocessor,
  yolov5DetDataPreprocessor,
  ppyoloeDetDataPreprocessor,
  boxInstDataPreprocessor,
  trackDataPreprocessor,
  ...clsDataPreprocessors,
] as const satisfies readonly AnyDefinition[];
