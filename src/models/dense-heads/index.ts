// Dense heads: predictions for every cell of every feature level.

import type { AnyDefinition } from '../../registry';
import { atssHeadDefinition } from './atss-head';
import { fcosHeadDefinition } from './fcos-head';
import { gflHeadDefinition } from './gfl-head';
import { retinaHeadDefinition } from './retina-head';
import { rpnHeadDefinition } from './rpn-head';
import { ssdHeadDefinition } from './ssd-head';
import { yolov8HeadDefinition } from './yolov8-head';
import { yolov8HeadModuleDefinition } from './yolov8-head-module';
import { yoloxHeadDefinition } from './yolox-head';

export { AnchorDetectionHead } from './anchor-detection-head';
export { AnchorHead, type AnchorHeadConfig, type FlatOutputs, type HeadOutputs } from './anchor-head';
export { type AnchorTrainCfg, anchorHeadOptions, anchorTrainCfg } from './anchor-head-options';
export { ATSSHead } from './atss-head';
export { type DenseTestCfg, denseTestCfg } from './dense-detections';
export type { DetectionHead } from './detection-head';
export { FCOSHead } from './fcos-head';
export { GFLHead } from './gfl-head';
export { type ProposalCfg, type Proposals, proposalCfg } from './proposals';
export { RetinaHead, type RetinaHeadConfig } from './retina-head';
export { RPNHead, type RPNHeadConfig } from './rpn-head';
export { SSDHead } from './ssd-head';
export { YOLOv8Head } from './yolov8-head';
export { YOLOv8HeadModule } from './yolov8-head-module';
export { YOLOXHead } from './yolox-head';

export const denseHeads = [
  rpnHeadDefinition,
  retinaHeadDefinition,
  ssdHeadDefinition,
  yolov8HeadDefinition,
  yolov8HeadModuleDefinition,
  atssHeadDefinition,
  gflHeadDefinition,
  fcosHeadDefinition,
  yoloxHeadDefinition,
] as const satisfies readonly AnyDefinition[];
