// Whole models.

import type { AnyDefinition } from '../../registry';
import { fasterRCNNDefinition, twoStageDetectorDefinition } from './two-stage-detector';

export { TwoStageDetector, type TwoStageDetectorConfig } from './two-stage-detector';

export const detectors = [twoStageDetectorDefinition, fasterRCNNDefinition] as const satisfies readonly AnyDefinition[];
