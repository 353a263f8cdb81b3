// Prior generators, box coders, assigners and samplers: definitions for the catalogue, and the contracts that heads use.

import type { AnyDefinition } from '../../catalogue/registry';
import { pseudoAngleCoderDefinition } from './angle-coders/pseudo-angle-coder';
import { anchorShapeAssignerDefinition } from './assigners/anchor-shape-assigner';
import { approxMaxIoUAssignerDefinition } from './assigners/approx-max-iou-assigner';
import { atssAssignerDefinition } from './assigners/atss-assigner';
import { batchATSSAssignerDefinition } from './assigners/batch-atss-assigner';
import { batchDynamicSoftLabelAssignerDefinition } from './assigners/batch-dynamic-soft-label-assigner';
import { batchTaskAlignedAssignerDefinition } from './assigners/batch-task-aligned-assigner';
import { centerRegionAssignerDefinition } from './assigners/center-region-assigner';
import { dynamicSoftLabelAssignerDefinition } from './assigners/dynamic-soft-label-assigner';
import { gridAssignerDefinition } from './assigners/grid-assigner';
import { hungarianAssignerDefinition } from './assigners/hungarian-assigner';
import { maxIoUAssignerDefinition } from './assigners/max-iou-assigner';
import { multiInstanceAssignerDefinition } from './assigners/multi-instance-assigner';
import { pointAssignerDefinition } from './assigners/point-assigner';
import { poseSimOTAAssignerDefinition } from './assigners/pose-sim-ota-assigner';
import { regionAssignerDefinition } from './assigners/region-assigner';
import { simOTAAssignerDefinition } from './assigners/sim-ota-assigner';
import { taskAlignedAssignerDefinition } from './assigners/task-aligned-assigner';
import { topkHungarianAssignerDefinition } from './assigners/topk-hungarian-assigner';
import { uniformAssignerDefinition } from './assigners/uniform-assigner';
import { bucketingBBoxCoderDefinition } from './coders/bucketing-bbox-coder';
import { deltaXYWHBBoxCoderDefinition } from './coders/delta-xywh-bbox-coder';
import { deltaXYWHBBoxCoderForGLIPDefinition } from './coders/delta-xywh-bbox-coder-for-glip';
import { distanceAnglePointCoderDefinition } from './coders/distance-angle-point-coder';
import { distancePointBBoxCoderDefinition } from './coders/distance-point-bbox-coder';
import { legacyDeltaXYWHBBoxCoderDefinition } from './coders/legacy-delta-xywh-bbox-coder';
import { tblrBBoxCoderDefinition } from './coders/tblr-bbox-coder';
import { yoloBBoxCoderDefinition } from './coders/yolo-bbox-coder';
import { yolov5BBoxCoderDefinition } from './coders/yolov5-bbox-coder';
import { yoloxBBoxCoderDefinition } from './coders/yolox-bbox-coder';
import { bboxOverlaps2DDefinition } from './iou-calculators/bbox-overlaps-2d';
import { bboxOverlaps2DGLIPDefinition } from './iou-calculators/bbox-overlaps-2d-glip';
import { rbboxOverlaps2DDefinition } from './iou-calculators/rbbox-overlaps-2d';
import { matchCosts } from './match-costs';
import { anchorGeneratorDefinition } from './prior-generators/anchor-generator';
import {
  legacyAnchorGeneratorDefinition,
  legacySSDAnchorGeneratorDefinition,
} from './prior-generators/legacy-anchor-generator';
import { mlvlPointGeneratorDefinition } from './prior-generators/mlvl-point-generator';
import { ssdAnchorGeneratorDefinition } from './prior-generators/ssd-anchor-generator';
import { yoloAnchorGeneratorDefinition } from './prior-generators/yolo-anchor-generator';
import { combinedSamplerDefinition } from './samplers/combined-sampler';
import { instanceBalancedPosSamplerDefinition } from './samplers/instance-balanced-pos-sampler';
import { iouBalancedNegSamplerDefinition } from './samplers/iou-balanced-neg-sampler';
import { maskPseudoSamplerDefinition } from './samplers/mask-pseudo-sampler';
import { multiInsRandomSamplerDefinition } from './samplers/multi-ins-random-sampler';
import { ohemSamplerDefinition } from './samplers/ohem-sampler';
import { pseudoSamplerDefinition } from './samplers/pseudo-sampler';
import { randomSamplerDefinition } from './samplers/random-sampler';
import { scoreHLRSamplerDefinition } from './samplers/score-hlr-sampler';

export { linearAssignment } from '../../geometry/linear-assignment';
export { ApproxMaxIoUAssigner } from './assigners/approx-max-iou-assigner';
export { ATSSAssigner } from './assigners/atss-assigner';
export { BatchTaskAlignedAssigner } from './assigners/batch-task-aligned-assigner';
export { type AssignerOffer, buildAssigner } from './assigners/build-assigner';
export { CenterRegionAssigner } from './assigners/center-region-assigner';
export { DynamicSoftLabelAssigner } from './assigners/dynamic-soft-label-assigner';
export { GridAssigner } from './assigners/grid-assigner';
export { HungarianAssigner } from './assigners/hungarian-assigner';
export { MaxIoUAssigner } from './assigners/max-iou-assigner';
export { PointAssigner } from './assigners/point-assigner';
export { RegionAssigner } from './assigners/region-assigner';
export { SimOTAAssigner } from './assigners/sim-ota-assigner';
export { TaskAlignedAssigner } from './assigners/task-aligned-assigner';
export { UniformAssigner } from './assigners/uniform-assigner';
export { BucketingBBoxCoder } from './coders/bucketing-bbox-coder';
export { buildBBoxCoder } from './coders/build-bbox-coder';
export { DeltaXYWHBBoxCoder } from './coders/delta-xywh-bbox-coder';
export { decodeRotated } from './coders/distance-angle-point-coder';
export { DistancePointBBoxCoder } from './coders/distance-point-bbox-coder';
export { LegacyDeltaXYWHBBoxCoder } from './coders/legacy-delta-xywh-bbox-coder';
export { TBLRBBoxCoder } from './coders/tblr-bbox-coder';
export { YOLOBBoxCoder } from './coders/yolo-bbox-coder';
export { toInstances } from './instances';
export { BboxOverlaps2D } from './iou-calculators/bbox-overlaps-2d';
export { AnchorGenerator } from './prior-generators/anchor-generator';
export { buildPriorGenerator } from './prior-generators/build-prior-generator';
export { MlvlPointGenerator } from './prior-generators/mlvl-point-generator';
export { SSDAnchorGenerator } from './prior-generators/ssd-anchor-generator';
export { YOLOAnchorGenerator } from './prior-generators/yolo-anchor-generator';
export { BaseSampler, type SamplerOptions } from './samplers/base-sampler';
export { buildSampler, type SamplerOffer } from './samplers/build-sampler';
export { PseudoSampler } from './samplers/pseudo-sampler';
export { RandomSampler } from './samplers/random-sampler';
export type {
  AngleCoder,
  Assigner,
  AssignerContract,
  AssignInput,
  AssignResult,
  AssignResultPart,
  BoxCoder,
  DecodeOptions,
  EncodeOptions,
  Instances,
  IouCalculator,
  PerSampleLoss,
  PredictionPart,
  Predictions,
  PredictSamples,
  PriorForm,
  PriorGenerator,
  SampleInput,
  SamplePredictions,
  Sampler,
  SamplerNeed,
  SamplingResult,
  Size,
  SquareGrid,
} from './types';

export const taskModules = [
  anchorGeneratorDefinition,
  deltaXYWHBBoxCoderDefinition,
  deltaXYWHBBoxCoderForGLIPDefinition,
  bboxOverlaps2DDefinition,
  bboxOverlaps2DGLIPDefinition,
  rbboxOverlaps2DDefinition,
  maxIoUAssignerDefinition,
  approxMaxIoUAssignerDefinition,
  mlvlPointGeneratorDefinition,
  ssdAnchorGeneratorDefinition,
  yoloAnchorGeneratorDefinition,
  distancePointBBoxCoderDefinition,
  distanceAnglePointCoderDefinition,
  pseudoAngleCoderDefinition,
  simOTAAssignerDefinition,
  poseSimOTAAssignerDefinition,
  dynamicSoftLabelAssignerDefinition,
  batchTaskAlignedAssignerDefinition,
  hungarianAssignerDefinition,
  ...matchCosts,
  randomSamplerDefinition,
  combinedSamplerDefinition,
  instanceBalancedPosSamplerDefinition,
  iouBalancedNegSamplerDefinition,
  ohemSamplerDefinition,
  pseudoSamplerDefinition,
  maskPseudoSamplerDefinition,
  scoreHLRSamplerDefinition,
  atssAssignerDefinition,
  yoloBBoxCoderDefinition,
  bucketingBBoxCoderDefinition,
  tblrBBoxCoderDefinition,
  centerRegionAssignerDefinition,
  taskAlignedAssignerDefinition,
  topkHungarianAssignerDefinition,
  pointAssignerDefinition,
  gridAssignerDefinition,
  uniformAssignerDefinition,
  anchorShapeAssignerDefinition,
  legacyAnchorGeneratorDefinition,
  legacySSDAnchorGeneratorDefinition,
  legacyDeltaXYWHBBoxCoderDefinition,
  yolov5BBoxCoderDefinition,
  yoloxBBoxCoderDefinition,
  batchATSSAssignerDefinition,
  batchDynamicSoftLabelAssignerDefinition,
  regionAssignerDefinition,
  multiInstanceAssignerDefinition,
  multiInsRandomSamplerDefinition,
] as const satisfies readonly AnyDefinition[];
