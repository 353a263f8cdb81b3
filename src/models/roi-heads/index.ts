// The second stage: RoI extractors, their pooling layers, and the heads on RoIs.

import type { AnyDefinition } from '../../catalogue/registry';
import { bboxHeadDefinition } from './bbox-heads/bbox-head';
import { convFCBBoxHeadDefinition } from './bbox-heads/convfc-bbox-head';
import { diiHeadDefinition } from './bbox-heads/dii-head';
import { doubleConvFCBBoxHeadDefinition } from './bbox-heads/double-convfc-bbox-head';
import { multiInstanceBBoxHeadDefinition } from './bbox-heads/multi-instance-bbox-head';
import { rfcnBBoxHeadDefinition } from './bbox-heads/rfcn-bbox-head';
import { sablHeadDefinition } from './bbox-heads/sabl-head';
import { scnetBBoxHeadDefinition } from './bbox-heads/scnet-bbox-head';
import { shared2FCBBoxHeadDefinition } from './bbox-heads/shared2fc-bbox-head';
import { shared4Conv1FCBBoxHeadDefinition } from './bbox-heads/shared4conv1fc-bbox-head';
import { cascadeRoIHeadDefinition } from './cascade-roi-head';
import { doubleHeadRoIHeadDefinition } from './double-head-roi-head';
import { dynamicRoIHeadDefinition } from './dynamic-roi-head';
import { gridHeadDefinition } from './grid-heads/grid-head';
import { gridRoIHeadDefinition } from './grid-roi-head';
import { hybridTaskCascadeRoIHeadDefinition } from './hybrid-task-cascade-roi-head';
import { coarseMaskHeadDefinition } from './mask-heads/coarse-mask-head';
import { dynamicMaskHeadDefinition } from './mask-heads/dynamic-mask-head';
import { fcnMaskHeadDefinition } from './mask-heads/fcn-mask-head';
import { featureRelayHeadDefinition } from './mask-heads/feature-relay-head';
import { globalContextHeadDefinition } from './mask-heads/global-context-head';
import { htcMaskHeadDefinition } from './mask-heads/htc-mask-head';
import { maskIoUHeadDefinition } from './mask-heads/mask-iou-head';
import { scnetMaskHeadDefinition } from './mask-heads/scnet-mask-head';
import { maskScoringRoIHeadDefinition } from './mask-scoring-roi-head';
import { multiInstanceRoIHeadDefinition } from './multi-instance-roi-head';
import { pisaRoIHeadDefinition } from './pisa-roi-head';
import { maskPointHeadDefinition } from './point-heads/mask-point-head';
import { pointRendRoIHeadDefinition } from './point-rend-roi-head';
import { rfcnRoIHeadDefinition } from './rfcn-roi-head';
import { deformRoIPoolDefinition } from './roi-extractors/deform-roi-pool';
import {
  deformRoIPoolPackDefinition,
  modulatedDeformRoIPoolPackDefinition,
} from './roi-extractors/deform-roi-pool-pack';
import { genericRoIExtractorDefinition } from './roi-extractors/generic-roi-extractor';
import { psRoIAlignDefinition, psRoIPoolDefinition } from './roi-extractors/ps-roi-pool';
import { roiAlignDefinition } from './roi-extractors/roi-align';
import { simpleRoIAlignDefinition } from './roi-extractors/simple-roi-align';
import { singleRoIExtractorDefinition } from './roi-extractors/single-roi-extractor';
import { softRoIExtractorDefinition } from './roi-extractors/soft-roi-extractor';
import { scnetRoIHeadDefinition } from './scnet-roi-head';
import { fusedSemanticHeadDefinition, scnetSemanticHeadDefinition } from './semantic-heads/fused-semantic-head';
import { resLayerDefinition } from './shared-heads/res-layer';
import { sparseRoIHeadDefinition } from './sparse-roi-head';
import { standardRoIHeadDefinition } from './standard-roi-head';
import { tridentRoIHeadDefinition } from './trident-roi-head';

export { BBoxHead } from './bbox-heads/bbox-head';
export { ConvFCBBoxHead } from './bbox-heads/convfc-bbox-head';
export { CascadeRoIHead } from './cascade-roi-head';
export { FCNMaskHead } from './mask-heads/fcn-mask-head';
export { type RCNNTrainCfg, rcnnTrainCfg } from './proposal-sampler';
export { type RCNNTestCfg, rcnnTestCfg, roiDetections } from './roi-detections';
export { GenericRoIExtractor } from './roi-extractors/generic-roi-extractor';
export { RoIAlign } from './roi-extractors/roi-align';
export { SingleRoIExtractor } from './roi-extractors/single-roi-extractor';
export { SoftRoIExtractor } from './roi-extractors/soft-roi-extractor';
export { ResLayer } from './shared-heads/res-layer';
export { StandardRoIHead } from './standard-roi-head';
export type { BBoxOutputs, BoxHead, MaskHead, RoIExtractor, RoILayer, SharedHead } from './types';

export const roiHeads = [
  standardRoIHeadDefinition,
  cascadeRoIHeadDefinition,
  maskScoringRoIHeadDefinition,
  doubleHeadRoIHeadDefinition,
  dynamicRoIHeadDefinition,
  pisaRoIHeadDefinition,
  tridentRoIHeadDefinition,
  rfcnRoIHeadDefinition,
  gridRoIHeadDefinition,
  pointRendRoIHeadDefinition,
  hybridTaskCascadeRoIHeadDefinition,
  scnetRoIHeadDefinition,
  sparseRoIHeadDefinition,
  multiInstanceRoIHeadDefinition,
  multiInstanceBBoxHeadDefinition,
  bboxHeadDefinition,
  convFCBBoxHeadDefinition,
  shared2FCBBoxHeadDefinition,
  shared4Conv1FCBBoxHeadDefinition,
  doubleConvFCBBoxHeadDefinition,
  sablHeadDefinition,
  scnetBBoxHeadDefinition,
  rfcnBBoxHeadDefinition,
  diiHeadDefinition,
  fcnMaskHeadDefinition,
  htcMaskHeadDefinition,
  scnetMaskHeadDefinition,
  dynamicMaskHeadDefinition,
  gridHeadDefinition,
  coarseMaskHeadDefinition,
  maskPointHeadDefinition,
  maskIoUHeadDefinition,
  fusedSemanticHeadDefinition,
  scnetSemanticHeadDefinition,
  featureRelayHeadDefinition,
  globalContextHeadDefinition,
  resLayerDefinition,
  singleRoIExtractorDefinition,
  genericRoIExtractorDefinition,
  softRoIExtractorDefinition,
  roiAlignDefinition,
  simpleRoIAlignDefinition,
  deformRoIPoolDefinition,
  deformRoIPoolPackDefinition,
  modulatedDeformRoIPoolPackDefinition,
  psRoIPoolDefinition,
  psRoIAlignDefinition,
] as const satisfies readonly AnyDefinition[];
