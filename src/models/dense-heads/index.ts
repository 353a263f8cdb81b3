// Dense heads: predictions for every cell of every feature level.

import type { AnyDefinition } from '../../catalogue/registry';
import { atssHeadDefinition } from './atss-head';
import { atssVLFusionHeadDefinition } from './atss-vl-fusion-head';
import { autoAssignHeadDefinition } from './auto-assign-head';
import { cascadeRPNHeadDefinition } from './cascade-rpn-head';
import { centerNetHeadDefinition } from './centernet-head';
import { centerNetUpdateHeadDefinition } from './centernet-update-head';
import { centripetalHeadDefinition } from './centripetal-head';
import { boxInstBboxHeadDefinition, condInstBboxHeadDefinition } from './condinst-bbox-head';
import { conditionalDETRHeadDefinition } from './conditional-detr-head';
import { cornerHeadDefinition } from './corner-head';
import { dabDETRHeadDefinition } from './dab-detr-head';
import { ddodHeadDefinition } from './ddod-head';
import { ddqDETRHeadDefinition } from './ddq-detr-head';
import { deformableDETRHeadDefinition } from './deformable-detr-head';
import { detrHeadDefinition } from './detr-head';
import { dinoHeadDefinition } from './dino-head';
import { embeddingRPNHeadDefinition } from './embedding-rpn-head';
import { fcosHeadDefinition } from './fcos-head';
import { foveaHeadDefinition } from './fovea-head';
import { freeAnchorRetinaHeadDefinition } from './free-anchor-retina-head';
import { fsafHeadDefinition } from './fsaf-head';
import { gaRetinaHeadDefinition } from './ga-retina-head';
import { gaRPNHeadDefinition } from './ga-rpn-head';
import { gflHeadDefinition } from './gfl-head';
import { groundingDINOHeadDefinition } from './grounding-dino-head';
import { guidedAnchorHeadDefinition } from './guided-anchor-head';
import { ladHeadDefinition } from './lad-head';
import { ldHeadDefinition } from './ld-head';
import { mmyoloRTMDetHeadDefinition } from './mmyolo-rtmdet-head';
import { mmyoloRTMDetInsHeadDefinition } from './mmyolo-rtmdet-ins-head';
import { mmyoloYOLOXHeadDefinition } from './mmyolo-yolox-head';
import { nasfcosHeadDefinition } from './nasfcos-head';
import { paaHeadDefinition } from './paa-head';
import { pisaRetinaHeadDefinition } from './pisa-retina-head';
import { pisaSSDHeadDefinition } from './pisa-ssd-head';
import { ppyoloeHeadDefinition } from './ppyoloe-head';
import { ppyoloeHeadModuleDefinition } from './ppyoloe-head-module';
import { repPointsHeadDefinition } from './reppoints-head';
import { retinaHeadDefinition } from './retina-head';
import { retinaSepBNHeadDefinition } from './retina-sep-bn-head';
import { rpnHeadDefinition } from './rpn-head';
import { rtdetrHeadDefinition } from './rtdetr-head';
import { rtmdetHeadDefinition } from './rtmdet-head';
import { rtmdetInsSepBNHeadDefinition } from './rtmdet-ins-sep-bn-head';
import { rtmdetInsSepBNHeadModuleDefinition } from './rtmdet-ins-sep-bn-head-module';
import { rtmdetRotatedHeadDefinition } from './rtmdet-rotated-head';
import { rtmdetRotatedSepBNHeadModuleDefinition } from './rtmdet-rotated-sep-bn-head-module';
import { rtmdetSepBNHeadDefinition } from './rtmdet-sep-bn-head';
import { rtmdetSepBNHeadModuleDefinition } from './rtmdet-sep-bn-head-module';
import { sablRetinaHeadDefinition } from './sabl-retina-head';
import { ssdHeadDefinition } from './ssd-head';
import { stageCascadeRPNHeadDefinition } from './stage-cascade-rpn-head';
import { toodHeadDefinition } from './tood-head';
import { vfnetHeadDefinition } from './vfnet-head';
import { yolactHeadDefinition } from './yolact-head';
import { yolofHeadDefinition } from './yolof-head';
import { yolov3HeadDefinition } from './yolov3-head';
import { yolov4HeadDefinition } from './yolov4-head';
import { yolov5HeadDefinition } from './yolov5-head';
import { yolov5HeadModuleDefinition } from './yolov5-head-module';
import { yolov5InsHeadDefinition } from './yolov5-ins-head';
import { yolov5InsHeadModuleDefinition } from './yolov5-ins-head-module';
import { yolov6HeadDefinition } from './yolov6-head';
import { yolov6HeadModuleDefinition } from './yolov6-head-module';
import { yolov7HeadDefinition } from './yolov7-head';
import { yolov7HeadModuleDefinition } from './yolov7-head-module';
import { yolov7P6HeadModuleDefinition } from './yolov7-p6-head-module';
import { yolov8HeadDefinition } from './yolov8-head';
import { yolov8HeadModuleDefinition } from './yolov8-head-module';
import { yoloxHeadDefinition } from './yolox-head';
import { yoloxHeadModuleDefinition } from './yolox-head-module';
import { yoloxPoseHeadDefinition } from './yolox-pose-head';
import { yoloxPoseHeadModuleDefinition } from './yolox-pose-head-module';

export { AnchorHead, type AnchorHeadConfig, type AnchorMaps } from './anchor-head';
export { type AnchorTrainCfg, anchorHeadOptions, anchorTrainCfg } from './anchor-head-options';
export { ATSSHead } from './atss-head';
export { AutoAssignHead } from './auto-assign-head';
export { CascadeRPNHead } from './cascade-rpn-head';
export { CenterNetHead } from './centernet-head';
export { CenterNetUpdateHead } from './centernet-update-head';
export { ConditionalDETRHead } from './conditional-detr-head';
export { DABDETRHead } from './dab-detr-head';
export { DDODHead } from './ddod-head';
export { type DenseTestCfg, denseTestCfg } from './decode-detections';
export { DeformableDETRHead } from './deformable-detr-head';
export { DenseHead, type DenseHeadConfig } from './dense-head';
export { DenseOutputs } from './dense-outputs';
export { DETRHead } from './detr-head';
export { DINOHead } from './dino-head';
export { FCOSHead } from './fcos-head';
export { FoveaHead } from './fovea-head';
export { FreeAnchorRetinaHead } from './free-anchor-retina-head';
export { FSAFHead } from './fsaf-head';
export { GARetinaHead } from './ga-retina-head';
export { GARPNHead } from './ga-rpn-head';
export { GFLHead } from './gfl-head';
export { GuidedAnchorHead } from './guided-anchor-head';
export { LADHead } from './lad-head';
export { LDHead } from './ld-head';
export { NASFCOSHead } from './nasfcos-head';
export { PAAHead } from './paa-head';
export { PPYOLOEHead } from './ppyoloe-head';
export { QueryHead, type QueryPredictions } from './query-head';
export { RepPointsHead } from './reppoints-head';
export { RetinaHead, type RetinaHeadConfig } from './retina-head';
export { RetinaSepBNHead } from './retina-sep-bn-head';
export { RPNHead, type RPNHeadConfig } from './rpn-head';
export { RTMDetHead } from './rtmdet-head';
export { RTMDetSepBNHead } from './rtmdet-sep-bn-head';
export { SABLRetinaHead } from './sabl-retina-head';
export { SSDHead } from './ssd-head';
export { StageCascadeRPNHead } from './stage-cascade-rpn-head';
export { TOODHead } from './tood-head';
export { VFNetHead } from './vfnet-head';
export { YOLACTHead } from './yolact-head';
export { YOLOFHead } from './yolof-head';
export { YOLOV3Head } from './yolov3-head';
export { YOLOV4Head } from './yolov4-head';
export { YOLOv5Head } from './yolov5-head';
export { YOLOv5HeadModule } from './yolov5-head-module';
export { YOLOv6Head } from './yolov6-head';
export { YOLOv7Head } from './yolov7-head';
export { YOLOv8Head } from './yolov8-head';
export { YOLOv8HeadModule } from './yolov8-head-module';
export { YOLOXHead } from './yolox-head';

export const denseHeads = [
  rpnHeadDefinition,
  embeddingRPNHeadDefinition,
  retinaHeadDefinition,
  pisaRetinaHeadDefinition,
  pisaSSDHeadDefinition,
  retinaSepBNHeadDefinition,
  fsafHeadDefinition,
  ssdHeadDefinition,
  yolov5HeadDefinition,
  yolov5HeadModuleDefinition,
  yolov5InsHeadDefinition,
  yolov5InsHeadModuleDefinition,
  yolov6HeadDefinition,
  yolov6HeadModuleDefinition,
  ppyoloeHeadDefinition,
  ppyoloeHeadModuleDefinition,
  mmyoloYOLOXHeadDefinition,
  yoloxHeadModuleDefinition,
  yoloxPoseHeadDefinition,
  yoloxPoseHeadModuleDefinition,
  mmyoloRTMDetHeadDefinition,
  rtmdetSepBNHeadModuleDefinition,
  rtmdetRotatedSepBNHeadModuleDefinition,
  mmyoloRTMDetInsHeadDefinition,
  rtmdetRotatedHeadDefinition,
  rtmdetInsSepBNHeadModuleDefinition,
  yolov7HeadDefinition,
  yolov7HeadModuleDefinition,
  yolov7P6HeadModuleDefinition,
  yolov8HeadDefinition,
  yolov8HeadModuleDefinition,
  atssHeadDefinition,
  gflHeadDefinition,
  toodHeadDefinition,
  fcosHeadDefinition,
  yoloxHeadDefinition,
  detrHeadDefinition,
  conditionalDETRHeadDefinition,
  dabDETRHeadDefinition,
  deformableDETRHeadDefinition,
  dinoHeadDefinition,
  rtdetrHeadDefinition,
  groundingDINOHeadDefinition,
  atssVLFusionHeadDefinition,
  ddqDETRHeadDefinition,
  rtmdetHeadDefinition,
  rtmdetSepBNHeadDefinition,
  rtmdetInsSepBNHeadDefinition,
  yolov3HeadDefinition,
  yolov4HeadDefinition,
  autoAssignHeadDefinition,
  foveaHeadDefinition,
  freeAnchorRetinaHeadDefinition,
  nasfcosHeadDefinition,
  vfnetHeadDefinition,
  yolofHeadDefinition,
  repPointsHeadDefinition,
  guidedAnchorHeadDefinition,
  gaRPNHeadDefinition,
  gaRetinaHeadDefinition,
  paaHeadDefinition,
  ldHeadDefinition,
  ladHeadDefinition,
  ddodHeadDefinition,
  centerNetHeadDefinition,
  centerNetUpdateHeadDefinition,
  cornerHeadDefinition,
  centripetalHeadDefinition,
  condInstBboxHeadDefinition,
  boxInstBboxHeadDefinition,
  yolactHeadDefinition,
  sablRetinaHeadDefinition,
  cascadeRPNHeadDefinition,
  stageCascadeRPNHeadDefinition,
] as const satisfies readonly AnyDefinition[];
