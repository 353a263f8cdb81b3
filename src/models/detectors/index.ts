// Whole models.

import type { AnyDefinition } from '../../registry';
import { singleStageDefinitions } from './single-stage-detector';
import { fasterRCNNDefinition, twoStageDetectorDefinition } from './two-stage-detector';

export { SingleStageDetector, type SingleStageDetectorConfig } from './single-stage-detector';
export { TwoStageDetector, type TwoStageDetectorConfig } from './two-stage-detector';

export const detectors = [
  twoStageDetectorDefinition,
  fasterRCNNDefinition,
  ...singleStageDefinitions,
] as const satisfies readonly AnyDefinition[];
