// Match costs: how badly a prediction matches a ground-truth box, for the Hungarian assigner.

import type { AnyDefinition } from '../../../catalogue/registry';
import { bboxL1CostDefinition } from './bbox-l1-cost';
import { binaryFocalLossCostDefinition } from './binary-focal-loss-cost';
import { classificationCostDefinition } from './classification-cost';
import { crossEntropyLossCostDefinition } from './cross-entropy-loss-cost';
import { diceCostDefinition } from './dice-cost';
import { focalLossCostDefinition } from './focal-loss-cost';
import { iouCostDefinition } from './iou-cost';

export type { MatchCost } from './match-cost';

export const matchCosts = [
  classificationCostDefinition,
  focalLossCostDefinition,
  binaryFocalLossCostDefinition,
  bboxL1CostDefinition,
  iouCostDefinition,
  diceCostDefinition,
  crossEntropyLossCostDefinition,
] as const satisfies readonly AnyDefinition[];
