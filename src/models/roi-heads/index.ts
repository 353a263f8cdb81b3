// The second stage: region extractors, their pooling layers, and heads on regions.

import type { AnyDefinition } from '../../registry';
import { bboxHeadDefinition } from './bbox-heads/bbox-head';
import { convFCBBoxHeadDefinition } from './bbox-heads/convfc-bbox-head';
import { shared2FCBBoxHeadDefinition } from './bbox-heads/shared2fc-bbox-head';
import { shared4Conv1FCBBoxHeadDefinition } from './bbox-heads/shared4conv1fc-bbox-head';
import { roiAlignDefinition } from './roi-extractors/roi-align';
import { singleRoIExtractorDefinition } from './roi-extractors/single-roi-extractor';
import { standardRoIHeadDefinition } from './standard-roi-head';

export { BBoxHead, type BBoxOutputs } from './bbox-heads/bbox-head';
export { ConvFCBBoxHead } from './bbox-heads/convfc-bbox-head';
export { type RegionTestCfg, regionDetections, regionTestCfg } from './region-detections';
export { RoIAlign, type RoILayer } from './roi-extractors/roi-align';
export { type RoIExtractor, SingleRoIExtractor } from './roi-extractors/single-roi-extractor';
export { type RegionTrainCfg, regionTrainCfg, StandardRoIHead } from './standard-roi-head';

export const roiHeads = [
  standardRoIHeadDefinition,
  bboxHeadDefinition,
  convFCBBoxHeadDefinition,
  shared2FCBBoxHeadDefinition,
  shared4Conv1FCBBoxHeadDefinition,
  singleRoIExtractorDefinition,
  roiAlignDefinition,
] as const satisfies readonly AnyDefinition[];
