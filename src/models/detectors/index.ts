// Whole models.

import type { AnyDefinition } from '../../registry';
import { rpnDefinition } from './rpn';
import { singleStageDefinitions } from './single-stage-detector';
import {
  cascadeRCNNDefinition,
  fasterRCNNDefinition,
  fastRCNNDefinition,
  maskRCNNDefinition,
  twoStageDetectorDefinition,
} from './two-stage-detector';

export { RPN } from './rpn';
export { SingleStageDetector, type SingleStageDetectorConfig } from './single-stage-detector';
export { TwoStageDetector, type TwoStageDetectorConfig } from './two-stage-detector';

export const detectors = [
  twoStageDetectorDefinition,
  fasterRCNNDefinition,
  maskRCNNDefinition,
  cascadeRCNNDefinition,
  fastRCNNDefinition,
  rpnDefinition,
  ...singleStageDefinitions,
] as const satisfies readonly AnyDefinition[];
