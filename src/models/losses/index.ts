// Losses: definitions for the catalogue, and the functions heads and user modules build on.

import type { AnyDefinition } from '../../catalogue/registry';
import { associativeEmbeddingLossDefinition } from './associative-embedding-loss';
import { balancedL1LossDefinition } from './balanced-l1-loss';
import { boundedIoULossDefinition } from './bounded-iou-loss';
import { channelWiseDivergenceDefinition } from './channel-wise-divergence';
import { ciouLossDefinition } from './ciou-loss';
import { crossEntropyCustomLossDefinition } from './cross-entropy-custom-loss';
import { crossEntropyLossDefinition } from './cross-entropy-loss';
import { diceLossDefinition } from './dice-loss';
import { diouLossDefinition } from './diou-loss';
import { distributionFocalLossDefinition } from './distribution-focal-loss';
import { eiouLossDefinition } from './eiou-loss';
import { eqlv2LossDefinition } from './eqlv2-loss';
import { focalCustomLossDefinition } from './focal-custom-loss';
import { focalLossDefinition } from './focal-loss';
import { gaussianFocalLossDefinition } from './gaussian-focal-loss';
import { ghmcDefinition } from './ghmc';
import { ghmrDefinition } from './ghmr';
import { giouLossDefinition } from './giou-loss';
import { iouLossDefinition } from './iou-loss';
import { knowledgeDistillationKLDivLossDefinition } from './knowledge-distillation-kl-div-loss';
import { l1LossDefinition } from './l1-loss';
import { withClearErrors } from './loss-errors';
import { l2LossDefinition, marginL2LossDefinition } from './margin-l2-loss';
import { mmpretrainCrossEntropyLossDefinition } from './mmpretrain-cross-entropy-loss';
import { mseLossDefinition } from './mse-loss';
import { multiPosCrossEntropyLossDefinition } from './multi-pos-cross-entropy-loss';
import { oksLossDefinition } from './oks-loss';
import { pkdLossDefinition } from './pkd-loss';
import { qualityFocalLossDefinition } from './quality-focal-loss';
import { rotatedIoULossDefinition } from './rotated-iou-loss';
import { seesawLossDefinition } from './seesaw-loss';
import { siouLossDefinition } from './siou-loss';
import { smoothL1LossDefinition } from './smooth-l1-loss';
import { tripletLossDefinition } from './triplet-loss';
import { rtdetrVarifocalLossDefinition, varifocalLossDefinition } from './varifocal-loss';

export { type AccuracyOptions, accuracy } from './accuracy';
export { AssociativeEmbeddingLoss } from './associative-embedding-loss';
export { BalancedL1Loss } from './balanced-l1-loss';
export { bce, bceWithLogits, classRows } from './binary-cross-entropy';
export { BoundedIoULoss } from './bounded-iou-loss';
export { BoxLoss, boxLossOptions } from './box-loss';
export { atLeast } from './box-pair';
export { ChannelWiseDivergence } from './channel-wise-divergence';
export { CIoULoss } from './ciou-loss';
export {
  buildClassificationLoss,
  hasQualityTargets,
  requireQualityLoss,
} from './classification-loss';
export { CrossEntropyLoss } from './cross-entropy-loss';
export { DiceLoss } from './dice-loss';
export { DIoULoss } from './diou-loss';
export { DistributionFocalLoss } from './distribution-focal-loss';
export { EIoULoss } from './eiou-loss';
export { FocalLoss } from './focal-loss';
export { GaussianFocalLoss } from './gaussian-focal-loss';
export { GHMC } from './ghmc';
export { GHMR } from './ghmr';
export { GIoULoss } from './giou-loss';
export { IoULoss } from './iou-loss';
export { KnowledgeDistillationKLDivLoss } from './knowledge-distillation-kl-div-loss';
export { L1Loss } from './l1-loss';
export type { ClassificationLoss, Loss, LossCall, QualityLoss, Reduction } from './loss';
export { hasOwnScores } from './loss';
export { MSELoss } from './mse-loss';
export { OksLoss } from './oks-loss';
export { PKDLoss } from './pkd-loss';
export { QualityFocalLoss } from './quality-focal-loss';
export { RotatedIoULoss, rotatedIoU } from './rotated-iou-loss';
export { SeesawLoss } from './seesaw-loss';
export { SIoULoss } from './siou-loss';
export { SmoothL1Loss } from './smooth-l1-loss';
export { VarifocalLoss } from './varifocal-loss';
export { weightReduceLoss } from './weight-reduce-loss';
export { YOLOIoULoss } from './yolo-iou-loss';
export { zeroLoss } from './zero-loss';

const definitions = [
  associativeEmbeddingLossDefinition,
  crossEntropyLossDefinition,
  focalLossDefinition,
  crossEntropyCustomLossDefinition,
  focalCustomLossDefinition,
  eqlv2LossDefinition,
  oksLossDefinition,
  qualityFocalLossDefinition,
  distributionFocalLossDefinition,
  knowledgeDistillationKLDivLossDefinition,
  varifocalLossDefinition,
  rtdetrVarifocalLossDefinition,
  gaussianFocalLossDefinition,
  ghmcDefinition,
  seesawLossDefinition,
  l1LossDefinition,
  smoothL1LossDefinition,
  balancedL1LossDefinition,
  mseLossDefinition,
  marginL2LossDefinition,
  l2LossDefinition,
  multiPosCrossEntropyLossDefinition,
  ghmrDefinition,
  iouLossDefinition,
  giouLossDefinition,
  diouLossDefinition,
  ciouLossDefinition,
  eiouLossDefinition,
  siouLossDefinition,
  boundedIoULossDefinition,
  rotatedIoULossDefinition,
  diceLossDefinition,
  mmpretrainCrossEntropyLossDefinition,
  tripletLossDefinition,
  channelWiseDivergenceDefinition,
  pkdLossDefinition,
] as const satisfies readonly AnyDefinition[];

export const losses = definitions.map(withClearErrors) as unknown as typeof definitions;
