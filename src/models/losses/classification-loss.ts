// The losses that heads classify with, checked when the model is built.

import type { BuildContext, ModuleConfig } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { ClassificationLoss, Loss, QualityLoss } from './loss';

/**
 * The loss of a head's `loss_cls`.
 *
 * @throws DetLabError for a loss that compares no class scores, such as L1Loss
 */
export function buildClassificationLoss(
  config: ModuleConfig,
  { registry, path }: Pick<BuildContext, 'registry' | 'path'>,
): ClassificationLoss {
  const loss: Loss = registry.build('loss', config, { path });
  if ('useSigmoid' in loss) return loss as ClassificationLoss;
  throw new DetLabError(
    `Cannot use ${config.type} at ${path}: expected a classification loss, received one that compares no class scores. ` +
      'Use one such as FocalLoss or CrossEntropyLoss',
  );
}

/**
 * The same loss, for heads whose classes learn the quality (IoU) of their boxes.
 *
 * @throws DetLabError for a loss without quality targets, such as FocalLoss
 */
export function requireQualityLoss(loss: ClassificationLoss, { type }: ModuleConfig, path: string): QualityLoss {
  if (hasQualityTargets(loss)) return loss;
  throw new DetLabError(
    `Cannot use ${type} at ${path}: expected a loss whose targets are labels and the quality of boxes, received one ` +
      'whose targets are labels alone. Use QualityFocalLoss',
  );
}

/** Whether the targets of the loss are labels and the quality of each box. */
export const hasQualityTargets = (loss: ClassificationLoss): loss is QualityLoss => 'qualityTargets' in loss;
