// What a hook of a config comes down to. The training loop has no hooks of its own kind: each of these is a setting of it.

import { z } from 'zod';
import type { ModuleConfig } from '../../catalogue/registry';
import type { LearningRatePlan } from '../learning-rates';
import type { AveragePlan } from '../weight-average';

export type HookPlan =
  /** Weights are averaged. */
  | { does: 'average'; plan: AveragePlan }
  /** Other transforms from epoch `from` (counted from 0) on. */
  | { does: 'pipeline'; from: number; pipeline: ModuleConfig[] }
  /** In the last epochs, types of transforms are left out and the head learns its L1 loss. */
  | { does: 'mode'; lastEpochs: number; skip: string[] }
  /** Learning rates and momentum. */
  | { does: 'rates'; plan: LearningRatePlan };

/** The option that every hook has. */
export const priority = z
  .union([z.string(), z.int()])
  .optional()
  .describe('Accepted: the loop has an order of its own');
