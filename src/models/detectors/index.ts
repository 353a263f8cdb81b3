// Whole models.

import type { AnyDefinition } from '../../catalogue/registry';
import { baseReIDDefinition } from '../reid';
import { appearanceTrackingDefinitions } from './appearance-tracking-detector';
import { conditionalDETRDefinition } from './conditional-detr';
import { dabDETRDefinition } from './dab-detr';
import { ddqDETRDefinition } from './ddq-detr';
import { deepSORTDefinition, strongSORTDefinition } from './deep-sort';
import { deformableDETRDefinition } from './deformable-detr';
import { detrDefinition } from './detr';
import { dinoDefinition } from './dino';
import { distillationDefinitions } from './distillation';
import { glipDefinition } from './glip';
import { groundingDINODefinition } from './grounding-dino';
import { mask2FormerDefinition, maskFormerDefinition } from './mask-former';
import { mask2FormerVideoDefinition } from './mask2former-video';
import { panopticFPNDefinition } from './panoptic-fpn';
import { rfcnDefinition } from './rfcn';
import { rpnDefinition } from './rpn';
import { rtdetrDefinition } from './rtdetr';
import { semiBaseDetectorDefinition } from './semi-base-detector';
import { singleStageDefinitions } from './single-stage-detector';
import { singleStageInstanceDefinitions } from './single-stage-instance-segmentor';
import { teacherDistillDefinitions } from './single-teacher-distill';
import { softTeacherDefinition } from './soft-teacher';
import { queryInstDefinition, sparseRCNNDefinition } from './sparse-rcnn';
import { trackingDefinitions } from './tracking-detector';
import { tridentFasterRCNNDefinition } from './trident-faster-rcnn';
import {
  cascadeRCNNDefinition,
  crowdDetDefinition,
  fasterRCNNDefinition,
  fastRCNNDefinition,
  gridRCNNDefinition,
  hybridTaskCascadeDefinition,
  maskRCNNDefinition,
  maskScoringRCNNDefinition,
  pointRendDefinition,
  scnetDefinition,
  twoStageDetectorDefinition,
} from './two-stage-detector';

export { AppearanceTrackingDetector } from './appearance-tracking-detector';
export { ConditionalDETR } from './conditional-detr';
export { DABDETR } from './dab-detr';
export { DeepSORT, StrongSORT } from './deep-sort';
export { DeformableDETR } from './deformable-detr';
export { DETR } from './detr';
export { DINO } from './dino';
export { KnowledgeDistillationSingleStageDetector, LAD } from './distillation';
export { GLIP } from './glip';
export { GroundingDINO } from './grounding-dino';
export { MaskFormer } from './mask-former';
export { Mask2FormerVideo } from './mask2former-video';
export { PanopticFPN } from './panoptic-fpn';
export { RPN } from './rpn';
export { SemiBaseDetector } from './semi-base-detector';
export { SingleStageDetector, type SingleStageDetectorConfig } from './single-stage-detector';
export {
  SingleStageInstanceSegmentor,
  type SingleStageInstanceSegmentorConfig,
} from './single-stage-instance-segmentor';
export { SingleTeacherDistill } from './single-teacher-distill';
export { SoftTeacher } from './soft-teacher';
export { TrackingDetector } from './tracking-detector';
export { TwoStageDetector, type TwoStageDetectorConfig } from './two-stage-detector';

export const detectors = [
  twoStageDetectorDefinition,
  fasterRCNNDefinition,
  maskRCNNDefinition,
  pointRendDefinition,
  maskScoringRCNNDefinition,
  gridRCNNDefinition,
  hybridTaskCascadeDefinition,
  scnetDefinition,
  crowdDetDefinition,
  cascadeRCNNDefinition,
  fastRCNNDefinition,
  rfcnDefinition,
  tridentFasterRCNNDefinition,
  sparseRCNNDefinition,
  queryInstDefinition,
  panopticFPNDefinition,
  maskFormerDefinition,
  mask2FormerDefinition,
  rpnDefinition,
  ...singleStageDefinitions,
  ...singleStageInstanceDefinitions,
  ...distillationDefinitions,
  semiBaseDetectorDefinition,
  softTeacherDefinition,
  ...teacherDistillDefinitions,
  detrDefinition,
  conditionalDETRDefinition,
  dabDETRDefinition,
  deformableDETRDefinition,
  dinoDefinition,
  rtdetrDefinition,
  groundingDINODefinition,
  glipDefinition,
  ddqDETRDefinition,
  ...trackingDefinitions,
  ...appearanceTrackingDefinitions,
  mask2FormerVideoDefinition,
  deepSORTDefinition,
  strongSORTDefinition,
  baseReIDDefinition,
] as const satisfies readonly AnyDefinition[];
