// Losses: definitions for the catalogue, and the functions heads and user modules build on.

import type { AnyDefinition } from '../../registry';
import { crossEntropyLossDefinition } from './cross-entropy-loss';
import { l1LossDefinition } from './l1-loss';
import { smoothL1LossDefinition } from './smooth-l1-loss';

export { accuracy } from './accuracy';
export { CrossEntropyLoss } from './cross-entropy-loss';
export { L1Loss } from './l1-loss';
export type { ClassificationLoss, Loss, LossCall, Reduction } from './loss';
export { SmoothL1Loss } from './smooth-l1-loss';
export { weightReduceLoss } from './weight-reduce-loss';

export const losses = [
  crossEntropyLossDefinition,
  l1LossDefinition,
  smoothL1LossDefinition,
] as const satisfies readonly AnyDefinition[];
